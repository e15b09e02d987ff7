"""Headers of what is reached through one adapter each, and who owns them."""

import sys

import layers
import tree

# Header (a prefix, or a suffix that begins with *) -> paths (prefixes) that may include it.
OWNERS = {
    "cuda_runtime": ("kernels/cuda/", "tests/gpu/"),
    "cuda.h": ("kernels/cuda/", "tests/gpu/"),
    "cublasLt.h": ("tests/gpu/",),
    "hwy/": ("kernels/", "tests/unit/kernels/", "tests/bench/kernels_bench.cc"),
    "iperf_api.h": ("challenges/bandwidth/kaisar_iperf/library.cc",),
    "prometheus/": ("monitor/metric_set.cc", "checker/monitor/metrics", "provider/metrics.cc",
                    "tests/unit/monitor/"),
    "civetweb.h": ("monitor/http_server.cc",),
    "CivetServer.h": (),
    "grpcpp/": ("provider/", "checker/grpc_client", "tests/support/", "tests/integration/"),
    "grpc/": ("provider/", "checker/grpc_client", "tests/support/", "tests/integration/"),
    "*.grpc.pb.h": ("provider/", "checker/grpc_client", "tests/support/", "tests/integration/"),
    "sqlite3.h": ("base/sqlite_file.cc", "reporter/signature_", "tests/"),
    "curl/": ("chain/curl_post.cc",),
    # tests/support/stolen_certificate.cc makes a key that no library would make by itself.
    "openssl/": ("base/", "tests/support/stolen_certificate.cc", "tests/integration/"),
    "secp256k1": ("base/", "tests/bench/audit_bench.cc"),
    "cryptopp/": ("base/",),
    "crypto++/": ("base/",),
    "yaml-cpp/": ("base/",),
    "CLI/": ("*main.cc", "cli/self_description.cc"),
}


def matches(pattern, text):
    return text.endswith(pattern[1:]) if pattern.startswith("*") else text.startswith(pattern)


def check(root):
    findings = []
    for path in tree.files(root, *tree.SOURCES):
        for number, line in tree.lines(root, path):
            match = layers.INCLUDE.match(line)
            if match is None:
                continue
            header = match.group(1)
            for pattern, owners in OWNERS.items():
                if matches(pattern, header) and not any(matches(o, path) for o in owners):
                    findings.append(
                        f"{path}:{number}: {header} belongs to {', '.join(owners)} only")
    return findings


if __name__ == "__main__":
    sys.exit(tree.main(check))
