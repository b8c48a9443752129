#!/usr/bin/env bash
# Tells Spark which GPUs this host has, in the form that spark.executor.resource.gpu.discoveryScript asks for.
set -euo pipefail
addresses=$(nvidia-smi --query-gpu=index --format=csv,noheader | sed 's/.*/"&"/' | paste -sd, -)
echo "{\"name\": \"gpu\", \"addresses\": [$addresses]}"
