// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Reads three fields of an RLP-encoded block header
/// @dev Source: Ethereum yellow paper, section 4.3 and appendix B. The caller compares the header's Keccak-256 with a
/// hash that the chain vouches for; so what is read here is what the chain's own nodes encoded.
library RlpHeader {
    uint256 private constant PARENT_HASH = 0;
    uint256 private constant NUMBER = 8;
    uint256 private constant TIMESTAMP = 11;

    /// @notice The bytes are no block header.
    error BadHeader(uint256 offset);

    /// @notice Parent's hash, number and timestamp (Unix seconds).
    function read(bytes calldata header)
        internal
        pure
        returns (bytes32 parent, uint64 number, uint64 timestamp)
    {
        uint256 at = _skipListPrefix(header);
        for (uint256 field = 0; field <= TIMESTAMP; ++field) {
            (uint256 begin, uint256 length) = _string(header, at);
            if (field == PARENT_HASH) {
                if (length != 32) revert BadHeader(at);
                parent = bytes32(header[begin:begin + 32]);
            } else if (field == NUMBER) {
                number = _integer(header, begin, length);
            } else if (field == TIMESTAMP) {
                timestamp = _integer(header, begin, length);
            }
            at = begin + length;
        }
    }

    /// @dev A header's list is longer than 55 bytes: 0xf7 + number of length bytes, then the length of all the rest.
    function _skipListPrefix(bytes calldata header) private pure returns (uint256 at) {
        if (header.length == 0 || uint8(header[0]) <= 0xf7) revert BadHeader(0);
        at = 1 + uint256(uint8(header[0])) - 0xf7;
        if (header.length < at || _bigEndian(header[1:at]) != header.length - at) revert BadHeader(0);
    }

    /// @dev Where the string item at `at` has its bytes.
    function _string(bytes calldata header, uint256 at) private pure returns (uint256 begin, uint256 length) {
        if (at >= header.length) revert BadHeader(at);
        uint256 prefix = uint8(header[at]);
        if (prefix < 0x80) {
            (begin, length) = (at, 1);
        } else if (prefix <= 0xb7) {
            (begin, length) = (at + 1, prefix - 0x80);
        } else if (prefix <= 0xbf) {
            begin = at + 1 + (prefix - 0xb7);
            if (begin > header.length) revert BadHeader(at);
            length = _bigEndian(header[at + 1:begin]);
        } else {
            revert BadHeader(at); // a list: the fields up to the timestamp are strings
        }
        if (length > header.length || begin + length > header.length) revert BadHeader(at);
    }

    function _integer(bytes calldata header, uint256 begin, uint256 length) private pure returns (uint64) {
        if (length > 8) revert BadHeader(begin);
        return uint64(_bigEndian(header[begin:begin + length]));
    }

    /// @dev At most 8 bytes.
    function _bigEndian(bytes calldata digits) private pure returns (uint256 value) {
        for (uint256 i = 0; i < digits.length; ++i) {
            value = value << 8 | uint8(digits[i]);
        }
    }
}
