"""Tables in Markdown and the plot, from the results of bench/run."""

import json
import math

import scenarios


class Results:
    """A file with a line of JSON per result; a later one replaces an earlier one of the same name."""

    def __init__(self, path):
        self.path = path
        self.rows = {}
        if path.exists():
            for line in path.read_text().splitlines():
                self.keep(json.loads(line))

    def keep(self, result):
        self.rows[result["name"], result["what"]] = result

    def add(self, result):
        self.keep(result)
        self.path.write_text("".join(json.dumps(each) + "\n" for each in self.rows.values()))

    def of(self, figure):
        found = [each for each in self.rows.values() if each["figure"] == figure]
        order = list(scenarios.SCENARIOS)
        return sorted(found, key=lambda each: order.index(each["name"]))

    def points(self):
        found = self.of("curve")
        return found[0]["points"] if found else None

    def tables(self):
        parts = [throughput_table(self.of("throughput")), paced_table(self.of("paced")), curve_table(self.points() or []),
                 reads_table(self.of("read")), single_lines(self.of("pending") + self.of("idle"))]  # fmt: skip
        return "\n".join(part for part in parts if part)


def table(head, rows):
    if not rows:
        return ""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"


def throughput_table(results):
    base = next((each["deliveries_per_s"] for each in results if each["name"] == "empty"), None)
    rows = []
    for each in results:
        threads = each["cpu_us_by_thread"]
        named = ("writer", "engine", "http", "checkpointer", "postgresql")
        rest = sum(value for name, value in threads.items() if name not in named)
        rows.append([
            each["what"], f"{each['deliveries_per_s']:,.0f}", f"{each['ratio']:.3f} ({each['ratios'][0]:.3f}–{each['ratios'][-1]:.3f})",
            f"{each['deliveries_per_s'] / base:.2f}" if base else "", f"{each['cpu_us']:.0f}",
            *(f"{threads.get(name, 0):.0f}" for name in named), f"{rest:.0f}", f"{each['written_kib']:.1f}",
            f"{each['deliveries_per_commit']:.0f}", f"{each['cores_used']:.0%}", f"{each['answer_p50_ms']:.1f} / {each['answer_p99_ms']:.1f}",
        ])  # fmt: skip
    return table(["workload", "deliveries/s", "ratio to `wrk` (lowest–highest)", "to the first", "CPU µs", "writer", "engine", "http",
                  "checkpointer", "PostgreSQL", "others", "written KiB", "deliveries a commit", "cores used", "answer p50 / p99 ms"], rows)  # fmt: skip


def paced_table(results):
    rows = [[each["what"], each["p50_ms"], each["p99_ms"], f"{each['cpu_us']:.0f}"] for each in results]
    return table(["offered", "publish → received p50 ms", "p99 ms", "CPU µs a delivery"], rows)


def curve_table(points):
    rows = [[f"{each['offered_per_s']:,}", f"{each['delivered_per_s']:,}", each["p50_ms"], each["p99_ms"]] for each in points]
    return table(["offered/s", "delivered/s", "publish → received p50 ms", "p99 ms"], rows)


def reads_table(results):
    rows = [[f"{each['what']} ({each['stored']:,} stored)", each["p50_ms"], each["max_ms"]] for each in results]
    return table(["read", "p50 ms", "slowest of 20, ms"], rows)


def single_lines(results):
    skipped = {"figure", "name", "what", "rounds"}
    rows = [[each["what"], ", ".join(f"{name} {value}" for name, value in each.items() if name not in skipped)] for each in results]
    return table(["", "measured"], rows)


WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 380, 70, 70, 30, 50


def plot(points):
    """Throughput (left axis, linear) and latency (right axis, logarithmic) against offered load, as SVG."""
    most_x = max(each["offered_per_s"] for each in points)
    most_y = max(each["delivered_per_s"] for each in points) * 1.1
    low = math.floor(math.log10(max(0.01, min(each["p50_ms"] for each in points))))
    high = math.ceil(math.log10(max(each["p99_ms"] for each in points)))

    def x(value):
        return LEFT + value / most_x * (WIDTH - LEFT - RIGHT)

    def y(share):
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def line(color, dash, share):
        path = " ".join(f"{x(each['offered_per_s']):.1f},{y(share(each)):.1f}" for each in points)
        return f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2" stroke-dasharray="{dash}"/>'

    def of_latency(name):
        return lambda each: (math.log10(max(each[name], 10**low)) - low) / (high - low)

    def text(at_x, at_y, content, anchor="middle"):
        return f'<text x="{at_x:.0f}" y="{at_y:.0f}" text-anchor="{anchor}">{content}</text>'

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12" fill="#444">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>']  # fmt: skip
    for step in range(5):
        share = step / 4
        parts += [f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(share):.1f}" y2="{y(share):.1f}" stroke="#ddd"/>',
                  text(LEFT - 8, y(share) + 4, f"{most_y * share:,.0f}", "end"), text(x(most_x * share), HEIGHT - 30, f"{most_x * share:,.0f}")]  # fmt: skip
    for power in range(low, high + 1):
        parts.append(text(WIDTH - RIGHT + 8, y((power - low) / (high - low)) + 4, f"{10**power:g} ms", "start"))
    parts += [line("#2563eb", "", lambda each: each["delivered_per_s"] / most_y), line("#059669", "6 3", of_latency("p50_ms")),
              line("#dc2626", "2 3", of_latency("p99_ms")), text(WIDTH / 2, HEIGHT - 10, "offered, events a second")]  # fmt: skip
    for number, (color, content) in enumerate((("#2563eb", "delivered a second (left)"), ("#059669", "p50 (right)"), ("#dc2626", "p99 (right)"))):
        parts.append(f'<text x="{LEFT + 180 * number}" y="18" fill="{color}">{content}</text>')
    return "\n".join(parts) + "\n</svg>\n"
