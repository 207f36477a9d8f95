"""Asks pywa about the signatures on standard input, and prints what it says."""

import json
import sys

from pywa.utils import webhook_updates_validator

print(
    json.dumps(
        [
            webhook_updates_validator(
                app_secret=request["secret"],
                request_body=request["body"].encode(),
                x_hub_signature=request["header"],
            )
            for request in json.load(sys.stdin)
        ]
    )
)
