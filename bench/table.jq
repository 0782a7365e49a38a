# The runs of bench/run.sh, one object each, as the table of docs/benchmarks.md with what it is worth.
def median: sort | if length % 2 == 1 then .[length / 2 | floor]
    else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def percent: . * 100 | round | tostring + " %";
def two: . * 100 | round / 100 | tostring;
def thousands: . / 1000 | round | tostring + "k";
def spread(f): "\(map(.rate) | median | f) (\(map(.rate) | min | f) to \(map(.rate) | max | f))";
def cores: [(map(.idle[0]) | median), (map(.idle[1]) | median)] | map(percent) | join(" / ");

# The generator was the limit where its core had nothing left, or the server's core had.
def limited: (map(.idle[1]) | median) < 0.10 or (map(.idle[0]) | median) > 0.03;

def side(name): map(select(.side == name));
def ratios: group_by(.round) | map((side("stampede")[0].rate) / (side("floor")[0].rate));

group_by(.row) as $rows
| "| Row | Stampede/s | Floor/s | Ratio (spread) | CPU us: Stampede, floor, ratio | Idle server / load core: Stampede | floor | Log switches |",
  "|---|---|---|---|---|---|---|---|",
  ($rows[] | side("stampede") as $ours | side("floor") as $floor | ratios as $ratios
    | "| \(.[0].row) | \($ours | spread(thousands)) | \($floor | spread(thousands)) | " +
      "**\($ratios | median | two)** (\($ratios | min | two) to \($ratios | max | two)) | " +
      "\($ours | map(.cpu_us) | median | two), \($floor | map(.cpu_us) | median | two), " +
      "\(($ours | map(.cpu_us) | median) / ($floor | map(.cpu_us) | median) | two) | " +
      "\($ours | cores) | \($floor | cores) | \($ours | map(.switches) | min) |"),
  "",
  ($rows[] | .[0].row as $row | ["stampede", "floor"][] as $name
    | ($rows[] | select(.[0].row == $row) | side($name)) | select(limited)
    | "- \($row), \($name): the generator was the limit, or the core was shared; read the CPU per request, not the rate."),
  ($rows[] | side("stampede") | select((map(.switches) | min) < 10)
    | "- \(.[0].row): fewer than ten log files were filled in a run, so that stalls of switching were hardly measured."),
  "- every run: the ledger agreed with the answers and `stampede verify` accepted the journal; " +
  "\(map(.checked) | add) checks, \(map(.broken) | add) broken, \(map(select(.side == "stampede") | .answered) | add) answers."
