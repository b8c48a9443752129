#!/usr/bin/env bash
# The driver of a job in a pod: adds to the Spark settings in the file $SPARK_SETTINGS what only this pod knows, then runs the program.
#   driver.sh embed|merge|query|import-embeddings ARGUMENT...
set -euo pipefail
program=$1
shift
settings=/tmp/spark.conf
{
  cat "/etc/imagesearch/$SPARK_SETTINGS"
  echo "spark.driver.host                       $POD_ADDRESS"
  # Executors belong to this pod, and end with it.
  echo "spark.kubernetes.driver.pod.name        $POD_NAME"
  echo "spark.kubernetes.namespace              $POD_NAMESPACE"
  echo "spark.kubernetes.container.image        $EXECUTOR_IMAGE"
} >"$settings"
export IMAGESEARCH_SPARK_CONF=$settings
exec "/opt/imagesearch/bin/$program" --master k8s://https://kubernetes.default.svc "$@"
