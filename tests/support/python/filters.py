"""Filters as docs/webhooks.md describes them, written without a look at the product's code; and random ones."""

import json
import random
from decimal import Decimal


def read(text):
    """JSON with exact numbers: bool, None, str, Decimal, list, dict."""
    return json.loads(text, parse_int=Decimal, parse_float=Decimal)


MISSING = object()
NEGATIVE = {"$neq": "$eq", "$nin": "$in"}
LOGIC = {"$and", "$or", "$not", "$exists"}


def same_type(a, b):
    return type(a) is type(b)


def operator_holds(operator, operand, value):
    """Of one value, which is not looked into."""
    if operator == "$eq":
        return same_type(value, operand) and value == operand
    if operator == "$in":
        return any(same_type(value, each) and value == each for each in operand)
    if operator == "$contains" and isinstance(value, list):
        return any(same_type(each, operand) and each == operand for each in value)
    if not same_type(value, operand) or not isinstance(value, (str, Decimal)):
        return False
    if operator in ("$startsWith", "$endsWith", "$contains"):
        if not isinstance(value, str):
            return False
        return {"$startsWith": value.startswith, "$endsWith": value.endswith, "$contains": value.__contains__}[operator](operand)
    return {"$gt": value > operand, "$gte": value >= operand, "$lt": value < operand, "$lte": value <= operand}[operator]


def holds(condition, value):
    if not isinstance(condition, dict):
        condition = {"$eq": condition}
    positive, members = {}, {}
    for name, operand in condition.items():
        if name == "$exists":
            if operand != (value is not MISSING):
                return False
        elif name == "$and":
            if not all(holds(each, value) for each in operand):
                return False
        elif name == "$or":
            if not any(holds(each, value) for each in operand):
                return False
        elif name == "$not":
            if holds(operand, value):
                return False
        elif name in NEGATIVE:
            if holds({NEGATIVE[name]: operand}, value):
                return False
        elif name.startswith("$"):
            positive[name] = operand
        else:
            members[name] = operand
    if not positive and not members:
        return True

    def together(one):
        if positive and one is MISSING:
            return False
        if not all(operator_holds(name, operand, one) for name, operand in positive.items()):
            return False
        return all(holds(each, one.get(name, MISSING) if isinstance(one, dict) else MISSING) for name, each in members.items())

    if not isinstance(value, list):
        return together(value)
    candidates = list(value)
    if not members:
        candidates.append(value)
    elif not value:
        candidates.append(MISSING)
    return any(together(each) for each in candidates)


# Random ones, small enough that they meet.

NAMES = ["a", "b", "c"]
WORDS = ["", "x", "xy", "Xy", "ü", "\U0001f600"]
NUMBERS = ["0", "-0.0", "1", "1.0", "10e-1", "2", "-1", "1e3", "1000", "9007199254740993", "9007199254740992", "1e400"]


def scalar(chance):
    return chance.choice([lambda: json.dumps(chance.choice(WORDS), ensure_ascii=chance.random() < 0.5),
                          lambda: chance.choice(NUMBERS), lambda: chance.choice(["true", "false", "null"])])()


def value(chance, depth=0):
    roll = chance.random()
    if depth > 2 or roll < 0.5:
        return scalar(chance)
    if roll < 0.75:
        return "[" + ",".join(value(chance, depth + 1) for _ in range(chance.randint(0, 3))) + "]"
    return "{" + ",".join(f'"{name}":{value(chance, depth + 1)}' for name in chance.sample(NAMES, chance.randint(0, 3))) + "}"


def data(chance):
    return "{" + ",".join(f'"{name}":{value(chance)}' for name in chance.sample(NAMES, chance.randint(0, 3))) + "}"


def members(chance, depth):
    return "{" + ",".join(f'"{name}":{condition(chance, depth + 1)}' for name in chance.sample(NAMES, chance.randint(1, 2))) + "}"


def condition(chance, depth=0):
    roll = chance.random()
    if roll < 0.25:
        return scalar(chance)
    if roll < 0.4 and depth < 2:
        return members(chance, depth)
    operators = {}
    for _ in range(chance.choice([1, 1, 2])):
        name = chance.choice(["$eq", "$neq", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$startsWith", "$endsWith", "$contains", "$exists", "$not", "$or", "$and"])
        if name in ("$eq", "$neq", "$contains"):
            operators[name] = value(chance, 1)
        elif name in ("$in", "$nin"):
            operators[name] = "[" + ",".join(scalar(chance) for _ in range(chance.randint(1, 3))) + "]"
        elif name in ("$startsWith", "$endsWith"):
            operators[name] = json.dumps(chance.choice(WORDS))
        elif name == "$exists":
            operators[name] = chance.choice(["true", "false"])
        elif name == "$not" and depth < 2:
            operators[name] = condition(chance, depth + 1)
        elif name in ("$or", "$and") and depth < 2:
            operators[name] = "[" + ",".join(condition(chance, depth + 1) for _ in range(2)) + "]"
        elif name.startswith(("$g", "$l")):
            operators[name] = chance.choice([chance.choice(NUMBERS), json.dumps(chance.choice(WORDS))])
    if not operators:
        return '{"$exists":true}'
    return "{" + ",".join(f'"{name}":{operand}' for name, operand in operators.items()) + "}"


def some_filter(chance):
    """Without numbers beyond what the reader of a request's body takes."""
    return any_filter(chance).replace("1e400", "1e300")


def any_filter(chance):
    about_data = f'{{"data":{members(chance, 0)}}}'
    roll = chance.random()
    if roll < 0.1:
        return f'{{"$or":[{about_data},{{"event":"order.shipped"}}]}}'
    if roll < 0.2:
        return f'{{"$not":{about_data}}}'
    if roll < 0.3:
        return f'{{"event":{{"$startsWith":"order."}},"$and":[{about_data}]}}'
    return about_data


if __name__ == "__main__":
    print(some_filter(random.Random(1)))
