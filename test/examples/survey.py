"""A voter's program, and letters, through a local client: python3 survey.py FOLDER/socket vote b.example coffee"""

import base64, itertools, json, secrets, socket, sys, uuid

class LocalClient:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.lines = self.socket.makefile("rw", encoding="utf-8", newline="\n")
        self.ids = itertools.count()

    def call(self, name, **fields):
        print(json.dumps({"id": next(self.ids), "call": name, **fields}), file=self.lines, flush=True)
        answer = json.loads(self.lines.readline())  # one call at a time here: the next line is its answer
        if "error" in answer:
            raise RuntimeError(f"{answer['error']['code']}: {answer['error']['message']}")
        return answer["result"]

def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

def decode(text):
    return base64.urlsafe_b64decode(text + "==")

def vote(client, at, choice):
    ballot = {"ballot": str(uuid.uuid4()), "choice": choice}  # may arrive twice: the service counts it once
    answer = client.call("request", at=at, service="survey", body=encode(json.dumps(ballot).encode()))
    return decode(answer["body"]).decode()

def write(client, to, text):
    message = encode(secrets.token_bytes(16))  # keep it: sent once more under the same id, it is sent once
    return client.call("send", to=to, body=encode(text.encode()), message=message)["message"]

def take(client):
    message = client.call("next")  # waits
    print(decode(message["body"]).decode())  # keep it under message["message"]: taken twice is then taken once
    client.call("done", message=message["message"])
    return "done"

if __name__ == "__main__":
    path, command, *words = sys.argv[1:]
    print({"vote": vote, "write": write, "take": take}[command](LocalClient(path), *words))
