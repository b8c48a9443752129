# How the programs log; sourced by the commands that run them. conf/log4j2.properties reads the same variables.
#
#   check_log_variables LEVEL       LEVEL is that of our own code where IMAGESEARCH_LOG_LEVEL names none

check_log_variables() {
  # An unknown name would make the logging library fall silent.
  case ${IMAGESEARCH_LOG:=text} in
    text | json) ;;
    *) wrong_log_variable IMAGESEARCH_LOG "$IMAGESEARCH_LOG" "text or json" ;;
  esac
  case ${IMAGESEARCH_LOG_LEVEL:=$1} in
    error | warn | info | debug) ;;
    *) wrong_log_variable IMAGESEARCH_LOG_LEVEL "$IMAGESEARCH_LOG_LEVEL" "error, warn, info or debug" ;;
  esac
  export IMAGESEARCH_LOG IMAGESEARCH_LOG_LEVEL
}

wrong_log_variable() {
  echo "$(basename "$0"): $1 is '$2', expected $3" >&2
  exit 2
}
