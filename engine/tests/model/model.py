#!/usr/bin/env python3
"""A second opinion on pricing: the rules of the specification with exact fractions, written apart from the engine.

Run as `model.py COUNT SEED`: prints one JSON line per random order, with the answer that the engine must give.
The rounding functions are those of the specification's golden numbers.
"""
import json
import random
import sys
from fractions import Fraction as F
from itertools import product as every


def half_up(x):
    x = F(x)
    return (2 * x.numerator + x.denominator) // (2 * x.denominator)


def largest_remainder(total, weights):
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    exact = [F(total * w, whole) for w in weights]
    shares = [x.numerator // x.denominator for x in exact]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(exact[i] - shares[i]), i))
    for i in by_remainder[: total - sum(shares)]:
        shares[i] += 1
    return shares


def within(total, weights, rooms):
    """Shares in proportion; one that is full passes the rest on."""
    full = set()
    while True:
        open_weights = [0 if i in full else w for i, w in enumerate(weights)]
        if sum(open_weights) == 0:
            open_weights = [0 if i in full else r for i, r in enumerate(rooms)]
        rest = largest_remainder(total - sum(rooms[i] for i in full), open_weights)
        shares = [rooms[i] if i in full else rest[i] for i in range(len(rooms))]
        if all(s <= r for s, r in zip(shares, rooms)):
            return shares
        full |= {i for i in range(len(rooms)) if shares[i] >= rooms[i]}


def dearest(amount, taken, units):
    """What the dearest units of a class hold, unit by unit."""
    each, more = divmod(amount, units)
    return sum(sorted([each + (i < more) for i in range(units)], reverse=True)[:taken])


class Units:
    """Identical units, and what each discount so far left of them."""

    def __init__(self, line, count):
        self.line, self.count, self.lefts, self.by, self.comped = line, count, [line["unitPrice"] * count], [], False
        self.at = [line["orderedAt"]] * count

    @property
    def left(self):
        return self.lefts[-1]

    @property
    def list(self):
        return self.lefts[0]

    def split(self, taken, hours):
        part = Units(self.line, taken)
        part.by, part.comped = list(self.by), self.comped
        part.lefts = [dearest(left, taken, self.count) for left in self.lefts]
        self.lefts = [left - other for left, other in zip(self.lefts, part.lefts)]
        fitting = sorted(at for at in self.at if hours is None or at in hours)[:taken]
        part.at = fitting
        for at in fitting:
            self.at.remove(at)
        self.count -= taken
        return part


def key(line):
    return (-F(line["rate"]), -line["unitPrice"], line["productId"])


def grouped(lines):
    classes = []
    for line in sorted(lines, key=lambda line: (key(line), line["orderedAt"])):
        if classes and key(classes[-1].line) == key(line):
            last, count = classes[-1], int(line["quantity"])
            last.count += count
            last.lefts = [last.line["unitPrice"] * last.count]
            last.at += [line["orderedAt"]] * count
        else:
            classes.append(Units(line, int(line["quantity"])))
    return classes


EARLY, LATE = "2026-06-05T15:00:00Z", "2026-06-05T18:00:00Z"      # 17:00 and 20:00 in the venue


class No(Exception):
    pass


def hours_of(rule):
    return {EARLY} if rule.get("timeUntil") else None


def reach(candidate, classes, keeps):
    """Units per class that the rule may take, and whether another rule keeps it from some."""
    rule, found, kept = candidate["discount"], [], False
    spares = rule["type"] in ("COMP", "POINTS") or rule["scope"] == "COMBO" or rule.get("buyQuantity")
    hours = hours_of(rule)
    for place, units in enumerate(classes):
        line = units.line
        if rule["scope"] == "ITEM" and line["productId"] not in rule["targetItemIds"]:
            continue
        if rule["scope"] == "CATEGORY" and line["categoryId"] not in rule["targetCategoryIds"]:
            continue
        count = sum(1 for at in units.at if hours is None or at in hours)
        if units.comped or count == 0 or (spares and line["isRegulated"]):
            continue
        if keeps(units):
            kept = True
            continue
        found.append((place, count))
    return found, kept


def parts_of(candidate, classes, found):
    """(place, units, weight, room) for each class, and the amount that the rule asks for."""
    rule = candidate["discount"]
    left = lambda place, count: dearest(classes[place].left, count, classes[place].count)
    price = lambda place, count: dearest(classes[place].list, count, classes[place].count)
    if rule["type"] == "POINTS":
        parts = [(p, n, left(p, n), left(p, n)) for p, n in found]
        points = candidate["points"]
        if points["points"] < points["pointsMin"]:
            raise No
        worth = F(points["value"]) * 100
        given = min(int(points["points"] * worth), sum(part[3] for part in parts))
        return parts, given
    if rule["scope"] == "COMBO":
        return combo(rule, classes, found)
    if rule.get("buyQuantity"):
        return bogo(rule, classes, found)
    if rule["type"] == "COMP":
        parts = [(p, n, left(p, n), left(p, n)) for p, n in found]
        return parts, sum(part[3] for part in parts)
    if rule["type"] == "FIXED_AMOUNT":
        off = rule["amount"]["amount"]
        if rule["scope"] in ("ORDER", "CUSTOMER_GROUP"):
            return [(p, n, left(p, n), left(p, n)) for p, n in found], off
        each = lambda p, n: sum(
            min(off, left(p, i + 1) - left(p, i)) for i in range(n))
        parts = [(p, n, each(p, n), left(p, n)) for p, n in found]
        return parts, sum(part[2] for part in parts)
    weight = price if rule.get("base") == "LIST" else left
    parts = [(p, n, weight(p, n), left(p, n)) for p, n in found]
    return parts, half_up(sum(part[2] for part in parts) * F(rule["percent"]) / 100)


def bogo(rule, classes, found):
    """Every way to hand the units out is tried: most got, then least cost, then the first of equals."""
    buy, get = rule["buyQuantity"], rule["getQuantity"]
    buys = [classes[p].line["productId"] in rule["buyItemIds"] for p, _ in found]
    gets = [classes[p].line["productId"] in rule["getItemIds"] for p, _ in found]
    cost = [F(dearest(classes[p].left, n, classes[p].count), n) for p, n in found]
    order = sorted(range(len(found)), key=lambda i: (cost[i], buys[i], i))
    best = None
    for got in every(*[range(n + 1) if gets[i] else [0] for i, (_, n) in enumerate(found)]):
        sets = -(-sum(got) // get)
        spare = sum(n - got[i] for i, (_, n) in enumerate(found) if buys[i])
        if sum(got) == 0 or spare < sets * buy or sets > (rule.get("maxSets") or sets):
            continue
        rank = (sum(got), -sum(c * g for c, g in zip(cost, got)), [got[i] for i in order])
        if best is None or rank > best[0]:
            best = (rank, got, sets * buy)
    if best is None:
        raise No
    _, got, needed = best
    bought = [0] * len(found)
    for i in sorted(range(len(found)), key=lambda i: (-classes[found[i][0]].line["unitPrice"], i)):
        if buys[i]:
            bought[i] = min(needed, found[i][1] - got[i])
            needed -= bought[i]
    base, parts = 0, []
    for i, (p, _) in enumerate(found):
        units, count = classes[p], got[i] + bought[i]
        if count:
            base += dearest(units.left, got[i], units.count)
            parts.append((p, count, dearest(units.list, count, units.count), dearest(units.left, count, units.count)))
    return parts, half_up(base * F(rule["getDiscountPercent"]) / 100)


def combo(rule, classes, found):
    """Set by set, each of the dearest units that are still free."""
    free = {p: n for p, n in found}
    taken = {p: 0 for p, _ in found}
    per_unit = {p: F(dearest(classes[p].left, n, classes[p].count), n) for p, n in found}
    asked = 0
    while True:
        one = {}
        for item in sorted(rule["comboItems"], key=lambda item: (item.get("productId") is None, str(item))):
            wanted = item["quantity"]
            for p in sorted(free, key=lambda p: (-per_unit[p], p)):
                line = classes[p].line
                fits = line["productId"] == item["productId"] if item.get("productId") \
                    else line["categoryId"] == item["categoryId"]
                if fits:
                    count = min(wanted, free[p] - taken[p] - one.get(p, 0))
                    one[p] = one.get(p, 0) + count
                    wanted -= count
            if wanted:
                break
        else:
            value = sum(dearest(classes[p].left, taken[p] + n, classes[p].count)
                        - dearest(classes[p].left, taken[p], classes[p].count) for p, n in one.items())
            saving = value - rule["comboPrice"]["amount"]
            if saving <= 0:
                break
            asked += saving
            for p, n in one.items():
                taken[p] += n
            continue
        break
    if asked == 0:
        raise No
    room = lambda p: dearest(classes[p].left, taken[p], classes[p].count)
    return [(p, taken[p], room(p), room(p)) for p in sorted(taken) if taken[p]], asked


def offer(candidate, classes, keeps=lambda units: False):
    rule = candidate["discount"]
    found, kept = reach(candidate, classes, keeps)
    if not found:
        raise No
    if not kept and sum(n for _, n in found) < (rule.get("minQuantity") or 0):
        raise No
    parts, amount = parts_of(candidate, classes, found)
    if rule.get("maxDiscountAmount"):
        amount = min(amount, rule["maxDiscountAmount"]["amount"])
    amount = min(amount, sum(part[3] for part in parts))
    if amount <= 0:
        raise No
    return parts, amount


def apply(candidate, classes, parts, amount):
    rule = candidate["discount"]
    rates = sorted({classes[p].line["rate"] for p, *_ in parts}, key=lambda rate: -F(rate))
    of = lambda rate: [part for part in parts if classes[part[0]].line["rate"] == rate]
    by_rate = within(amount, [sum(x[2] for x in of(r)) for r in rates], [sum(x[3] for x in of(r)) for r in rates])
    shares = {}
    for rate, share in zip(rates, by_rate):
        for part, one in zip(of(rate), within(share, [x[2] for x in of(rate)], [x[3] for x in of(rate)])):
            shares[part[0]] = one
    for p, n, *_ in sorted(parts, reverse=True):
        units = classes[p]
        if n < units.count:
            units = units.split(n, hours_of(rule))
            classes.insert(p, units)
        units.lefts.append(units.left - shares[p])
        units.by.append(candidate)
        units.comped |= rule["type"] == "COMP"


def rank(candidate):
    rule = candidate["discount"]
    return {"AUTOMATIC": 1 if rule["scope"] == "CUSTOMER_GROUP" else 0, "TIER": 2, "COUPON": 3, "MANUAL": 4}[candidate["origin"]]


def evaluate(order, candidates, one_per_line):
    classes, applied = grouped(order["lines"]), []

    def take(candidate, keeps=lambda units: False):
        try:
            parts, amount = offer(candidate, classes, keeps)
        except No:
            return
        apply(candidate, classes, parts, amount)
        applied.append((candidate, amount))

    for candidate in sorted(candidates, key=lambda c: c["id"]):
        if candidate["discount"]["type"] == "COMP":
            take(candidate)
    purchase = sum(units.list for units in classes if not units.comped)
    fitting = []
    for candidate in candidates:
        rule = candidate["discount"]
        if rule["type"] in ("COMP", "POINTS") or purchase < (rule.get("minPurchaseAmount") or {"amount": 0})["amount"]:
            continue
        try:
            fitting.append((candidate, offer(candidate, classes)[1]))
        except No:
            pass
    fitting.sort(key=lambda x: (rank(x[0]), -x[0]["discount"].get("priority", 0), x[0].get("added", 0), -x[1], x[0]["id"]))
    stackable = lambda c: c["discount"].get("isStackable") or c["origin"] in ("MANUAL", "TIER")
    for candidate, _ in fitting:
        stacked = [c for c, _ in applied if c["discount"]["type"] != "COMP"]
        if stacked and not (stackable(candidate) and all(stackable(c) for c in stacked)):
            continue
        scope = candidate["discount"]["scope"]
        take(candidate, lambda units: any(one_per_line or c["discount"]["scope"] == scope for c in units.by))
    for candidate in candidates:
        if candidate["discount"]["type"] == "POINTS":
            take(candidate)
    return answer(order, classes, applied)


def answer(order, classes, applied):
    inclusive, taxes = order["taxMode"] == "INCLUSIVE", []
    for rate in sorted({units.line["rate"] for units in classes}, key=lambda rate: -F(rate)):
        of_rate = [units for units in classes if units.line["rate"] == rate]
        taxable = 0
        for units in of_rate:
            taxable += units.left
            for candidate, before, after in zip(units.by, units.lefts, units.lefts[1:]):
                if candidate["discount"].get("taxBasis") == "UNDISCOUNTED":
                    taxable += before - after
        tax = half_up(taxable * F(rate) / ((100 + F(rate)) if inclusive else 100))
        taxes.append({"rate": rate, "amount": sum(units.left for units in of_rate), "taxable": taxable, "tax": tax})
    subtotal, amount = sum(units.list for units in classes), sum(units.left for units in classes)
    tax = sum(one["tax"] for one in taxes)
    return {
        "totals": {"subtotal": subtotal, "discounts": subtotal - amount, "tax": tax,
                   "total": amount if inclusive else amount + tax, "taxByRate": taxes},
        "discounts": [{"candidateId": candidate["id"], "amount": amount} for candidate, amount in applied],
        "classes": [{"productId": units.line["productId"], "units": units.count, "subtotal": units.list,
                     "amount": units.left} for units in classes],
    }


# Random orders -------------------------------------------------------------------------------------------------

SHELF = [("ale", "cat_beer", "25", True), ("beer", "cat_beer", "25", False), ("burger", "cat_food", "12", False),
         ("cake", "cat_food", "12", False), ("coffee", "cat_hot", "12", False), ("dart", "cat_play", "6", False)]


def money(amount):
    return {"amount": amount, "currency": "SEK"}


def random_order(dice):
    prices = {name: dice.choice([1, 33, 99, 100, 999, 1500, 4000, 8900, 16500]) for name, *_ in SHELF}
    lines = []
    for place in range(dice.randint(1, 7)):
        name, category, rate, regulated = dice.choice(SHELF)
        lines.append({"id": f"line_{place}", "productId": name, "categoryId": category, "rate": rate,
                      "isRegulated": regulated, "unitPrice": prices[name], "quantity": str(dice.randint(1, 3)),
                      "orderedAt": dice.choice([EARLY, LATE])})
    return {"taxMode": dice.choice(["INCLUSIVE", "EXCLUSIVE"]), "customer": {"groupIds": ["grp_1"]}, "lines": lines}


def random_rule(dice):
    percent = lambda: str(dice.choice(["10", "20", "33.33", "50", "7.5", "100"]))
    kind = dice.choice(["percent", "percent", "fixed", "fixed", "bogo", "combo"])
    rule = {"isStackable": dice.random() < 0.8, "taxBasis": dice.choice(["DISCOUNTED"] * 3 + ["UNDISCOUNTED"])}
    if kind == "bogo":
        names = [name for name, *_ in SHELF]
        rule |= {"type": "PERCENTAGE", "scope": "QUANTITY", "buyQuantity": dice.randint(1, 2), "getQuantity": dice.randint(1, 2),
                 "buyItemIds": dice.sample(names, 2), "getItemIds": dice.sample(names, 3),
                 "getDiscountPercent": percent(), "maxSets": dice.choice([None, 1, 2])}
    elif kind == "combo":
        items = [{"productId": dice.choice(SHELF)[0], "categoryId": None, "quantity": dice.randint(1, 2)},
                 {"productId": None, "categoryId": dice.choice(SHELF)[1], "quantity": 1}]
        rule |= {"type": "FIXED_AMOUNT", "scope": "COMBO", "comboItems": items, "comboPrice": money(dice.choice([50, 900, 5000, 19900]))}
    else:
        scope = dice.choice(["ORDER", "ITEM", "CATEGORY", "CUSTOMER_GROUP"])
        rule |= {"scope": scope}
        if scope == "ITEM":
            rule["targetItemIds"] = dice.sample([name for name, *_ in SHELF], 2)
        if scope == "CATEGORY":
            rule["targetCategoryIds"] = [dice.choice(SHELF)[1]]
        if scope == "CUSTOMER_GROUP":
            rule["customerGroupId"] = "grp_1"
        if kind == "percent":
            rule |= {"type": "PERCENTAGE", "percent": percent(), "base": dice.choice(["RUNNING", "RUNNING", "LIST"])}
        else:
            rule |= {"type": "FIXED_AMOUNT", "amount": money(dice.choice([1, 50, 100, 1500, 5000]))}
    if rule["scope"] not in ("ORDER", "CUSTOMER_GROUP") and dice.random() < 0.3:
        rule |= {"timeFrom": "16:00", "timeUntil": "18:00"}
    if dice.random() < 0.2:
        rule["maxDiscountAmount"] = money(dice.choice([1, 100, 1000]))
    if dice.random() < 0.2:
        rule["minPurchaseAmount"] = money(dice.choice([1000, 20000]))
    if dice.random() < 0.2 and kind in ("percent", "fixed"):
        rule["minQuantity"] = dice.randint(1, 4)
    return rule


def random_candidates(dice):
    candidates = []
    for place in range(dice.randint(0, 5)):
        name = f"rule_{place}"
        origin = dice.choice(["AUTOMATIC", "AUTOMATIC", "AUTOMATIC", "COUPON", "MANUAL"])
        rule = random_rule(dice) | {"id": name, "priority": dice.choice([0, 0, 5])}
        rule["isAutomatic"] = origin == "AUTOMATIC" and rule["scope"] != "CUSTOMER_GROUP"
        candidates.append({"id": name, "origin": origin, "added": 0 if origin == "AUTOMATIC" else place + 1, "discount": rule})
    if dice.random() < 0.3:
        tier = {"id": "tier", "type": "PERCENTAGE", "scope": "TIER", "percent": "5", "isStackable": True}
        candidates.append({"id": "tier", "origin": "TIER", "discount": tier})
    if dice.random() < 0.3:
        comp = {"id": "comp", "type": "COMP", "scope": "ITEM", "targetItemIds": [dice.choice(SHELF)[0]]}
        candidates.append({"id": "comp", "origin": "MANUAL", "discount": comp})
    if dice.random() < 0.3:
        points = {"points": dice.choice([50, 100, 4000]), "value": dice.choice(["0.01", "0.005", "0.1"]),
                  "pointsMin": 100, "pointsAvailable": 5000}
        candidates.append({"id": "points", "origin": "POINTS", "points": points,
                           "discount": {"id": "points", "type": "POINTS", "scope": "ORDER"}})
    return candidates


def main():
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    dice = random.Random(seed)
    for _ in range(count):
        order, candidates = random_order(dice), random_candidates(dice)
        one_per_line = dice.random() < 0.15
        expected = evaluate(order, candidates, one_per_line)
        print(json.dumps({"order": order, "candidates": candidates, "policy": {"onePerLine": one_per_line},
                          "expect": expected}))


main()
