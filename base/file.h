#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kaisar {

/// Reads a whole file.
///
/// Errors: NotFound, PermissionDenied or Internal with the path and the system's words;
///         ResourceExhausted with size and limit when it is larger than `most_bytes`.
absl::StatusOr<std::string> ReadFile(const std::string& path, std::uint64_t most_bytes);

/// Reads a file that holds a secret.
///
/// Errors: as ReadFile; PermissionDenied with the mode when group or others have any access.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path, std::uint64_t most_bytes);

/// Reads a password: the first line, from a path, or from a descriptor given as "fd:N", which is
/// left open behind the line and may be of any mode.
///
/// Errors: as ReadSecretFile; InvalidArgument when it is empty; ResourceExhausted beyond 1024
/// bytes.
absl::StatusOr<std::string> ReadPassword(const std::string& source);

/// Replaces a file in one step: temporary file beside it, fsync, rename, fsync of the directory.
/// After a crash there is the old content or the new, never a part. The mode is as given, whatever
/// the umask; a symbolic link is replaced, not followed.
///
/// Errors: Internal with the path and the system's words.
absl::Status WriteFile(const std::string& path, absl::string_view content, int mode = 0644);

/// As WriteFile with mode 0600, but never over an existing file.
///
/// Errors: AlreadyExists with the path.
absl::Status CreateSecretFile(const std::string& path, absl::string_view content);

/// Makes durable that a file was made, renamed or removed: fsync of the directory that holds it.
///
/// Errors: Internal with the directory and the system's words.
absl::Status SyncDirectoryOf(const std::string& path);

}  // namespace kaisar
