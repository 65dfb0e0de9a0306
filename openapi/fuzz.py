"""Prepares the demo for openapi/fuzz.sh, and sums up what came of it."""

import datetime
import json
import re
import sys
import urllib.request
import uuid

api, accounts, source, target = sys.argv[2:] if sys.argv[1] == "prepare" else [None] * 4


def call(method, path, token=None, body=None):
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(api + path, data, headers, method=method)
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)


def sign_in(label):
    account = next(one for one in json.loads(accounts)["accounts"] if one["label"] == label)
    login = {"email": account["email"], "password": account["password"]}
    return call("POST", "/v1/auth/login", body=login)["access_token"]


def prepare():
    """Makes one of each thing that paths name, and prints all as variables of the shell."""
    owner, mentor, admin = map(sign_in, ("owner", "mentor", "admin"))
    made = call("GET", "/v1/me/mentor", mentor)["id"]
    offerings = call("GET", f"/v1/mentors/{made}/offerings")["items"]
    offering = next(one for one in offerings if one["title"] == "Klinik ekspor")["id"]
    today = datetime.date.today()
    day = lambda after: (today + datetime.timedelta(days=after)).isoformat()
    slots = call("GET", f"/v1/offerings/{offering}/slots?from={day(2)}&to={day(20)}")["days"]
    booking = call("POST", "/v1/bookings", owner, {
        "offering_id": offering, "starts_at": slots[0]["starts"][0],
        "answers": [{"key": "produk", "text": "Batik tulis"}],
    })["id"]
    group = call("POST", "/v1/group-sessions", mentor, {
        "title": "Kelas foto produk", "starts_at": f"{day(25)}T03:00:00Z", "duration_min": 60, "capacity": 20,
        "waitlist_capacity": 5, "mode": "online", "meeting_url": "https://meet.contoh.id/kelas",
    })["id"]
    mentorship = call("POST", "/v1/mentorships", owner, {
        "mentor_id": made, "starts_on": day(7), "ends_on": day(90), "focus": "Menyiapkan ekspor batik",
        "accept_agreement": True,
    })["id"]
    call("POST", f"/v1/mentorships/{mentorship}/accept", mentor, {"accept_agreement": True})
    goal = call("POST", f"/v1/mentorships/{mentorship}/goals", owner, {"title": "Pesanan pertama"})["id"]
    business = call("GET", "/v1/me/businesses", owner)["items"][0]["id"]
    things = dict(
        OWNER=owner, MENTOR=mentor, ADMIN=admin, MENTOR_ID=made, OFFERING=offering, BOOKING=booking, CLASS=group,
        MENTORSHIP=mentorship, GOAL=goal, BUSINESS=business,
    )
    for name, value in things.items():
        print(f"export {name}={value}")
    with open(source) as file:
        document = json.load(file)
    allow_null(document)
    set_examples(document, things)
    with open(target, "w") as file:
        json.dump(document, file)


def allow_null(document):
    """A null in a request counts as absent. The document does not say so, for unions break generators."""
    schemas, seen = document["components"]["schemas"], set()

    def visit(value):
        if isinstance(value, list):
            for item in value:
                visit(item)
        if not isinstance(value, dict):
            return
        name = value.get("$ref", "").removeprefix("#/components/schemas/")
        if name in schemas and name not in seen:
            seen.add(name)
            visit(schemas[name])
        for part in value.values():
            visit(part)
        members = value.get("properties")
        if isinstance(members, dict):
            for member in members.keys() - set(value.get("required", [])):
                members[member] = {"anyOf": [members[member], {"type": "null"}]}

    for item in document["paths"].values():
        for operation in item.values():
            visit(operation.get("requestBody"))


def set_examples(document, things):
    """Lets the examples name things that are there, and times that come, on the same days of the week."""
    ids = {
        "0199e5a0-0000-7000-8000-000000000003": things["MENTOR_ID"],
        "0199e5a0-0000-7000-8000-000000000011": things["OFFERING"],
        "0199e5a0-0000-7000-8000-000000000021": things["BUSINESS"],
    }
    first = datetime.date(2026, 6, 1)
    weeks = max(0, (datetime.date.today() + datetime.timedelta(days=8) - first).days // 7)
    later = lambda date: (datetime.date.fromisoformat(date[0]) + datetime.timedelta(weeks=weeks)).isoformat()
    for item in document["paths"].values():
        for operation in item.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                if "example" in content:
                    text = json.dumps(content["example"])
                    for example, real in ids.items():
                        text = text.replace(example, real)
                    content["example"] = json.loads(re.sub(r"2026-\d\d-\d\d", later, text))


def summary(path):
    """How many operations have succeeded at least once, and which have not."""
    with open(path) as file:
        report = json.load(file)
    accepted = lambda phases: sum(phase["accepted"] for phase in phases.values())
    rates = report["valid_rates"]
    never = sorted(name for name, phases in rates.items() if not accepted(phases))
    print(f"{report['test_cases']['generated']} requests; {len(rates) - len(never)} of {len(rates)} operations succeeded")
    print("never: " + ", ".join(never))


if sys.argv[1] == "prepare":
    prepare()
else:
    summary(sys.argv[2])
