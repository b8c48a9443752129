#!/usr/bin/python3
"""Asks a running server the questions of questions.json, and some with pictures, and says whether the answers are right.

Usage: check.py --url http://localhost:8080 [--server-pid PID] [--server-log FILE]
A question passes when two of its first three hits are right. Exit status 0 if all pass, 1 if not.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
START_SECONDS = 120
JUDGED_HITS = 3
RIGHT_HITS_MIN = 2
FRESH_SEED = 4711  # neither the demo's pictures nor the model's training use it
FRESH_PICTURES = 8
FRESH_PICTURES_RIGHT_MIN = 6


def is_right(captions, expected):
    """Whether most of the first hits show what was asked for."""
    return sum(caption in expected for caption in captions[:JUDGED_HITS]) >= RIGHT_HITS_MIN


def fetch(url, body=None, content_type=None):
    request = urllib.request.Request(url, data=body, headers={"Content-Type": content_type} if content_type else {})
    with urllib.request.urlopen(request, timeout=30) as response:
        return response.read()


def wait_until_ready(url, pid, log):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            fetch(url + "/readyz")
            return
        except (urllib.error.URLError, ConnectionError):
            if pid and not os.path.exists(f"/proc/{pid}"):
                break
            time.sleep(0.2)
    if log:
        sys.stderr.write("".join(open(log, encoding="utf-8").readlines()[-20:]))
    sys.exit(f"check: the server at {url} did not come up")


class Checks:
    def __init__(self, url):
        self.url = url
        self.failures = 0

    def judge(self, question, right, shown):
        self.failures += not right
        print(f"{'ok  ' if right else 'FAIL'}  {question:<28} {shown}")

    def search(self, question, expected, answer):
        hits = answer["hits"]
        whole = answer["shards"]["answered"] == answer["shards"]["total"]
        right = whole and is_right([hit["caption"] for hit in hits], expected)
        self.judge(question, right, ", ".join(f"{hit['caption']} {hit['score']:.2f}" for hit in hits[:4]))
        return right

    def words(self):
        for question in json.loads((HERE / "questions.json").read_text(encoding="utf-8")):
            query = urllib.parse.urlencode({"text": question["text"], "k": 10})
            answer = json.loads(fetch(f"{self.url}/search?{query}"))
            self.search(f"{question['text']} ({question['language']})", question["expect"], answer)

    def pictures(self):
        """Pictures drawn anew, and "more like this" for what they found."""
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                [sys.executable, HERE / "make_pictures.py", "--output", folder, "--count", str(FRESH_PICTURES),
                 "--seed", str(FRESH_SEED)],
                check=True, stdout=subprocess.DEVNULL)
            right = 0
            for picture in sorted(pathlib.Path(folder).glob("*.jpg")):
                caption = picture.with_suffix(".txt").read_text(encoding="utf-8").strip()
                hits = json.loads(fetch(f"{self.url}/search?k=5", picture.read_bytes(), "image/jpeg"))["hits"]
                right += hits[0]["caption"] == caption
                print(f"      a picture of {caption[:26]:<27} {', '.join(hit['caption'] for hit in hits[:4])}")
            self.judge("pictures drawn anew", right >= FRESH_PICTURES_RIGHT_MIN, f"{right} of {FRESH_PICTURES} right")
        first = hits[0]
        more = json.loads(fetch(f"{self.url}/search?id={first['id']}&k=5"))
        self.search(f"more like {first['id']}", [first["caption"]], more)
        self.judge("thumbnail", fetch(f"{self.url}/thumbnails/{first['id']}")[:2] == b"\xff\xd8", "a JPEG")
        self.judge("original", len(fetch(f"{self.url}/images/{first['id']}")) > 1000, "streamed")

    def operations(self):
        self.judge("/healthz", bool(fetch(self.url + "/healthz")), "")
        self.judge("/metrics", b"# HELP" in fetch(self.url + "/metrics"), "Prometheus text")
        self.judge("/openapi.json", "paths" in json.loads(fetch(self.url + "/openapi.json")), "")
        self.judge("the page", b"<html" in fetch(self.url + "/"), "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--server-pid", type=int)
    parser.add_argument("--server-log")
    options = parser.parse_args()
    wait_until_ready(options.url, options.server_pid, options.server_log)
    checks = Checks(options.url)
    checks.words()
    checks.pictures()
    checks.operations()
    print("all answers are right" if checks.failures == 0 else f"{checks.failures} answers are wrong")
    sys.exit(0 if checks.failures == 0 else 1)


if __name__ == "__main__":
    main()
