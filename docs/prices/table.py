#!/usr/bin/env python3
"""Makes src/cost/prices.tsv of a list of prices: reads CSV from standard input, writes the table to standard output.

    docs/prices/table.py < prices.csv > src/cost/prices.tsv

The list has a line for each price, with at least the columns service, item, region, unit, price_micro (micro-dollars, a whole
number), date_of_source (YYYY-MM-DD) and confidence (`assumed`, or anything else). What no object of a stack is billed for is
left out, and so is a price without a date. docs/cost.md says which sources the list was made of.
"""

import csv
import re
import sys

# Instance types of nodes: those whose size src/product/sizing.rs knows.
NODES = re.compile(r"(([cmr](5|6a|6i|7a|7i)\.(large|[248]?xlarge|9xlarge))|t3\.(large|2?xlarge))$")

# Items that objects are billed for; the last word of each may be a pattern.
BILLED = [
    r"data-transfer internet-out-.*",
    r"ebs gp3-storage",
    r"eks cluster-(standard|extended-surcharge)",
    r"elb alb-(hour|lcu-hour)",
    r"kms key-month",
    r"nat gateway-(hour|gb)",
    r"rds postgresql\.(single|multi)-az\.db\..*",
    r"rds postgresql\.(storage-gp3\.(single|multi)-az|backup-storage|extended-support-.*)",
    r"s3 (standard-storage-.*|requests-get-1k)",
    r"secretsmanager secret-month",
    r"vpc (public-ipv4-in-use|interface-endpoint-hour)",
]

# Read for PostgreSQL 12 and taken for later versions too.
ASSUMED = re.compile(r"rds postgresql\.extended-support-")


def is_billed(service, item):
    if service == "ec2":
        return NODES.match(item) is not None
    return any(re.fullmatch(pattern, f"{service} {item}") for pattern in BILLED)


def main():
    rows, units, regions, dates = {}, {}, set(), set()
    for line in csv.DictReader(sys.stdin):
        date, item = line["date_of_source"], f"{line['service']} {line['item']}"
        if not is_billed(line["service"], line["item"]) or not re.fullmatch(r"\d{4}-\d\d-\d\d", date):
            continue
        if units.setdefault(item, line["unit"]) != line["unit"]:
            sys.exit(f"{item} has two units")
        assumed = line["confidence"] == "assumed" or ASSUMED.match(item) is not None
        if rows.setdefault(item, {}).setdefault(line["region"], (int(line["price_micro"]), date, assumed))[0] != int(line["price_micro"]):
            sys.exit(f"{item} has two prices in {line['region']}")
        regions.add(line["region"])
        dates.add(date)
    letters = {date: chr(ord("a") + n) for n, date in enumerate(sorted(dates))}
    out = sys.stdout
    out.write("# List prices of AWS on demand, in micro-dollars for one unit. Written by docs/prices/table.py; docs/cost.md says from what.\n")
    out.write("# A price is followed by the letter of the day on which AWS published it, and by ? where it was not read for that region\n")
    out.write("# or version but taken from another. - where there is none.\n")
    for date, letter in letters.items():
        out.write(f"@{letter}\t{date}\n")
    columns = sorted(regions)
    out.write("\t".join(["item", "unit", *columns]) + "\n")
    for item in sorted(rows):
        cells = []
        for region in columns:
            found = rows[item].get(region)
            cells.append(f"{found[0]}{letters[found[1]]}{'?' if found[2] else ''}" if found else "-")
        out.write("\t".join([item, units[item], *cells]) + "\n")


main()
