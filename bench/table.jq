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

# Rows without a floor of their own are held against S1 of the same round and connections.
def s1_of(all): (.row | split("-") | "s1-" + last) as $s1 | .round as $round
    | all | map(select(.row == $s1 and .side == "stampede" and .round == $round))[0];

. as $all
| group_by(.row) | map(select(any(.side == "floor"))) as $rows
| ($all | group_by(.row) | map(select(all(.side != "floor")))) as $plays
| "| Row | Stampede/s | Floor/s | Ratio (spread) | CPU us: Stampede, floor, ratio | Idle server / load core: Stampede | floor | Log switches |",
  "|---|---|---|---|---|---|---|---|",
  ($rows[] | side("stampede") as $ours | side("floor") as $floor | ratios as $ratios
    | "| \(.[0].row) | \($ours | spread(thousands)) | \($floor | spread(thousands)) | " +
      "**\($ratios | median | two)** (\($ratios | min | two) to \($ratios | max | two)) | " +
      "\($ours | map(.cpu_us) | median | two), \($floor | map(.cpu_us) | median | two), " +
      "\(($ours | map(.cpu_us) | median) / ($floor | map(.cpu_us) | median) | two) | " +
      "\($ours | cores) | \($floor | cores) | \($ours | map(.switches) | min) |"),
  (if $plays | length > 0 then
      "",
      "| Row | Stampede/s | S1/s | Ratio to S1 (spread) | CPU us: Stampede, S1, ratio | Idle server / load core | Log switches |",
      "|---|---|---|---|---|---|---|" else empty end),
  ($plays[] | . as $ours | map(s1_of($all)) as $s1
    | [range(length)] | map($ours[.].rate / $s1[.].rate) as $ratios
    | "| \($ours[0].row) | \($ours | spread(thousands)) | \($s1 | spread(thousands)) | " +
      "**\($ratios | median | two)** (\($ratios | min | two) to \($ratios | max | two)) | " +
      "\($ours | map(.cpu_us) | median | two), \($s1 | map(.cpu_us) | median | two), " +
      "\(($ours | map(.cpu_us) | median) / ($s1 | map(.cpu_us) | median) | two) | " +
      "\($ours | cores) | \($ours | map(.switches) | min) |"),
  "",
  ($plays[] | select(limited)
    | "- \(.[0].row): the generator was the limit, or the core was shared; read the CPU per request, not the rate."),
  ($rows[] | .[0].row as $row | ["stampede", "floor"][] as $name
    | ($rows[] | select(.[0].row == $row) | side($name)) | select(limited)
    | "- \($row), \($name): the generator was the limit, or the core was shared; read the CPU per request, not the rate."),
  (($rows + $plays)[] | side("stampede") | select((map(.switches) | min) < 10)
    | "- \(.[0].row): fewer than ten log files were filled in a run, so that stalls of switching were hardly measured."),
  "- every run: the ledger agreed with the answers and `stampede verify` accepted the journal; " +
  "\($all | map(.checked) | add) checks, \($all | map(.broken) | add) broken, \($all | map(select(.side == "stampede") | .answered) | add) answers."
