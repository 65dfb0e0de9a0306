//! What docs/asvs.tsv and docs/vulnerabilities.tsv claim: complete, and each claim with tests that exist and run.

use std::collections::{BTreeMap, BTreeSet};

const REQUIREMENTS: &str = include_str!("../../docs/asvs.tsv");
const VULNERABILITIES: &str = include_str!("../../docs/vulnerabilities.tsv");
const CI: &str = include_str!("../../.ci/run");

/// The sections of chapters 6 to 9 of OWASP ASVS 5.0, and the level of each of their requirements, in their order.
const SECTIONS: [(&str, &str); 20] = [
    ("6.1", "122"),
    ("6.2", "111111112222"),
    ("6.3", "11223333"),
    ("6.4", "112233"),
    ("6.5", "22222333"),
    ("6.6", "2223"),
    ("6.7", "33"),
    ("6.8", "2222"),
    ("7.1", "222"),
    ("7.2", "1111"),
    ("7.3", "22"),
    ("7.4", "11222"),
    ("7.5", "223"),
    ("7.6", "22"),
    ("8.1", "1233"),
    ("8.2", "1123"),
    ("8.3", "133"),
    ("8.4", "23"),
    ("9.1", "111"),
    ("9.2", "1222"),
];

/// A claim that waits for work that is not done. It must not stay.
const PENDING: &str = "pending";

fn rows<const COLUMNS: usize>(table: &'static str, head: &str) -> Vec<[&'static str; COLUMNS]> {
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some(head));
    let cells = |line: &'static str| -> [&str; COLUMNS] {
        let cells: Vec<&str> = line.split('\t').collect();
        cells.try_into().unwrap_or_else(|_| panic!("{line}"))
    };
    lines.map(cells).collect()
}

/// The tests of a file of the workspace, and whether each is ignored.
fn tests_in(path: &str) -> Option<BTreeMap<String, bool>> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../");
    let text = std::fs::read_to_string(format!("{root}{path}")).ok()?;
    let mut tests = BTreeMap::new();
    let (mut is_test, mut is_ignored) = (false, false);
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[") {
            is_test |= line.ends_with("test]");
            is_ignored |= line.starts_with("#[ignore");
        } else if let Some(rest) = line
            .trim_start_matches("pub ")
            .trim_start_matches("async ")
            .strip_prefix("fn ")
        {
            let name = rest.split(['(', '<']).next().unwrap_or_default();
            if is_test {
                tests.insert(name.to_owned(), is_ignored);
            }
            (is_test, is_ignored) = (false, false);
        } else if !line.starts_with("//") && !line.is_empty() && !line.ends_with(")]") {
            (is_test, is_ignored) = (false, false);
        }
    }
    Some(tests)
}

/// Ignored tests that CI runs all the same, by a part of their names.
fn is_run_by_name(test: &str) -> bool {
    let names = CI.split("--ignored ").skip(1);
    let mut names = names.filter_map(|rest| rest.split_whitespace().next());
    names.any(|name| test.contains(name))
}

/// What is wrong with a list of tests.
fn faults(id: &str, tests: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for test in tests.split(',').map(str::trim).filter(|t| !t.is_empty()) {
        if test == PENDING {
            faults.push(format!("{id} is pending"));
            continue;
        }
        let Some((path, name)) = test.split_once("::") else {
            faults.push(format!("{id}: {test} is not path::name"));
            continue;
        };
        match tests_in(path).map(|tests| tests.get(name).copied()) {
            None => faults.push(format!("{id}: there is no {path}")),
            Some(None) => faults.push(format!("{id}: {path} has no test {name}")),
            Some(Some(true)) if !is_run_by_name(test) => {
                faults.push(format!("{id}: {test} is ignored"));
            }
            Some(Some(_)) => {}
        }
    }
    faults
}

#[test]
fn every_requirement_is_answered_and_has_tests_that_run() {
    let rows = rows::<5>(REQUIREMENTS, "id\tlevel\tapplies\thow\ttests");
    let mut expected = Vec::new();
    for (section, levels) in SECTIONS {
        for (number, level) in levels.chars().enumerate() {
            expected.push((format!("{section}.{}", number + 1), level.to_string()));
        }
    }
    let found: Vec<(String, String)> = rows
        .iter()
        .map(|[id, level, ..]| ((*id).to_owned(), (*level).to_owned()))
        .collect();
    assert_eq!(found, expected);

    let mut wrong = Vec::new();
    let mut counts = BTreeMap::<(&str, &str), usize>::new();
    for [id, level, applies, how, tests] in rows {
        *counts.entry((level, applies)).or_default() += 1;
        let said = match applies {
            "yes" => !tests.is_empty() || level == "3",
            "no" | "elsewhere" => true,
            "not claimed" => level == "3" && tests.is_empty(),
            _ => false,
        };
        if !said {
            wrong.push(format!("{id}: {applies}, with the tests {tests:?}"));
        }
        if how.len() < 20 {
            wrong.push(format!("{id} does not say how"));
        }
        wrong.extend(faults(id, tests));
    }
    println!("{counts:?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_vulnerability_has_tests_that_run() {
    let rows = rows::<4>(
        VULNERABILITIES,
        "row\twhat happened elsewhere\thow it cannot happen here\ttests",
    );
    let numbers: Vec<usize> = rows.iter().map(|row| row[0].parse().unwrap()).collect();
    assert_eq!(numbers, (1..=28).collect::<Vec<_>>());
    let mut wrong = Vec::new();
    for [number, what, how, tests] in rows {
        if tests.is_empty() || what.len() < 20 || how.len() < 20 {
            wrong.push(format!("{number} says too little"));
        }
        wrong.extend(faults(number, tests));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The tests that must be there by these names, in whatever file.
#[test]
fn the_names_that_were_promised_are_kept() {
    let named: BTreeSet<&str> = VULNERABILITIES
        .split(['\t', '\n', ','])
        .filter_map(|cell| cell.rsplit_once("::"))
        .map(|(_, name)| name.trim())
        .collect();
    for name in [
        "jwt_exp_as_string_rejected",
        "jwt_roundtrip_smoke",
        "jwt_missing_iss_rejected",
        "jwt_missing_aud_rejected",
        "jwt_missing_sub_rejected",
        "jwt_expired_1s",
        "jwt_wrong_typ",
        "jwt_crit_rejected",
    ] {
        assert!(named.contains(name), "{name}");
    }
}
