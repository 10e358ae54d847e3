"""
A client for any sender: it asks one request, named on the command line, and prints the answer.

    python examples/generic_client_request.py SENDER METHOD [PARAMS [ENDPOINT]]

PARAMS is JSON, or plain text where it is none; `null` stands for nothing. ENDPOINT is host,
host:port or a client endpoint of Twisted's. With examples/request_sender.py running:

    python examples/generic_client_request.py system host
    python examples/generic_client_request.py system disk /home
    python examples/generic_client_request.py '$router' stats

The status is 0 if an answer came, and else that of the error: 80 for a sender that is not there,
124 for an answer that has not come in time. (`pysig request` does this and more.)
"""

import json
import sys

from twisted.internet import task

from pysig_twisted import PysigError, connect


def parse(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


async def main(reactor, sender, method, params="null", endpoint="127.0.0.1:7744"):
    try:
        router = await connect(reactor, endpoint)
        try:
            answer = await router.request(sender, method, parse(params), timeout=10)
        finally:
            await router.stopService()
    except PysigError as error:
        # Each error has a sentence for people, and a status of its own.
        print(f"{sender}.{method}: {error}", file=sys.stderr)
        raise SystemExit(error.exitCode) from None
    print(json.dumps(answer, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    if not 3 <= len(sys.argv) <= 5:
        sys.exit("say SENDER METHOD [PARAMS [ENDPOINT]]")
    task.react(main, sys.argv[1:])
