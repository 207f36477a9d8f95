//! Dependencies point inwards: the table below is the architecture, and this test keeps it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// Each package with its folder, what it may use, and what its tests may use besides. Whoever adds an
/// arrow here changes `docs/architecture.md` too.
const ARROWS: &[Arrows] = &[
    Arrows { package: "pytake-encoder", folder: "crates/encoder", may_use: &[], in_tests: &[] },
    Arrows { package: "pytake-entities", folder: "crates/entities", may_use: &[], in_tests: &[] },
    Arrows {
        package: "pytake-understanding",
        folder: "crates/understanding",
        may_use: &["pytake-encoder", "pytake-entities"],
        in_tests: &[],
    },
    Arrows {
        package: "pytake-evaluation",
        folder: "crates/evaluation",
        may_use: &["pytake-understanding"],
        in_tests: &[],
    },
    // Makes the weights; nothing of the product uses it.
    Arrows {
        package: "pytake-train",
        folder: "crates/train",
        may_use: &["pytake-encoder", "pytake-understanding"],
        in_tests: &[],
    },
    Arrows { package: "pytake-tokenizer", folder: "crates/tokenizer", may_use: &[], in_tests: &[] },
    Arrows {
        package: "pytake-assistant",
        folder: "crates/assistant",
        may_use: &["pytake-understanding", "pytake-tokenizer"],
        in_tests: &[],
    },
    Arrows {
        package: "pytake-providers",
        folder: "crates/providers",
        may_use: &["pytake-assistant", "pytake-understanding"],
        in_tests: &[],
    },
    Arrows {
        package: "pytake-store",
        folder: "crates/store",
        may_use: &["pytake-assistant", "pytake-understanding"],
        in_tests: &[],
    },
    Arrows {
        package: "pytake-store-sqlite",
        folder: "crates/store-sqlite",
        may_use: &["pytake-store", "pytake-assistant", "pytake-understanding"],
        in_tests: &[],
    },
    Arrows {
        package: "pytake-whatsapp",
        folder: "crates/whatsapp",
        may_use: &["pytake-assistant", "pytake-understanding"],
        in_tests: &[],
    },
    Arrows {
        package: "pytake-inbox",
        folder: "crates/inbox",
        may_use: &["pytake-assistant", "pytake-store", "pytake-understanding"],
        in_tests: &["pytake-providers", "pytake-store-sqlite"],
    },
    // Plays the other side, so it knows nothing of ours.
    Arrows { package: "pytake-simulator", folder: "crates/simulator", may_use: &[], in_tests: &[] },
    Arrows {
        package: "pytake-server",
        folder: "crates/server",
        may_use: &[
            "pytake-assistant",
            "pytake-inbox",
            "pytake-store",
            "pytake-understanding",
            "pytake-whatsapp",
        ],
        in_tests: &["pytake-store-sqlite", "pytake-testkit"],
    },
    Arrows {
        package: "pytake-testkit",
        folder: "crates/testkit",
        may_use: &[
            "pytake-assistant",
            "pytake-inbox",
            "pytake-providers",
            "pytake-server",
            "pytake-simulator",
            "pytake-store",
            "pytake-store-sqlite",
            "pytake-understanding",
            "pytake-whatsapp",
        ],
        in_tests: &[],
    },
    Arrows {
        package: "pytake",
        folder: "crates/pytake",
        may_use: &[
            "pytake-assistant",
            "pytake-evaluation",
            "pytake-inbox",
            "pytake-providers",
            "pytake-server",
            "pytake-simulator",
            "pytake-store",
            "pytake-store-sqlite",
            "pytake-tokenizer",
            "pytake-understanding",
            "pytake-whatsapp",
        ],
        in_tests: &["pytake-testkit"],
    },
    Arrows { package: "pytake-bench", folder: "bench", may_use: &[], in_tests: &[] },
];

/// Third-party crates that some packages exist in order not to know.
const CLOSED_DOORS: &[(&str, &[&str])] = &[
    ("pytake-understanding", &["tokio", "futures", "async-trait", "reqwest", "rusqlite", "axum", "jiff"]),
    ("pytake-tokenizer", &["tokio", "futures", "async-trait", "reqwest", "rusqlite", "axum"]),
    ("pytake-assistant", &["reqwest", "rusqlite", "axum", "hyper", "tower", "tower-http"]),
    ("pytake-store", &["reqwest", "rusqlite", "axum", "hyper"]),
    ("pytake-store-sqlite", &["reqwest", "axum", "hyper"]),
    ("pytake-providers", &["rusqlite", "axum"]),
    ("pytake-whatsapp", &["rusqlite", "axum"]),
    ("pytake-inbox", &["reqwest", "rusqlite", "axum"]),
    ("pytake-server", &["reqwest", "rusqlite"]),
];

struct Arrows {
    package: &'static str,
    folder: &'static str,
    may_use: &'static [&'static str],
    in_tests: &'static [&'static str],
}

impl Arrows {
    fn allows(&self, used: &str, kind: DependencyKind) -> bool {
        self.may_use.contains(&used) || (kind == DependencyKind::Development && self.in_tests.contains(&used))
    }
}

#[test]
fn every_arrow_between_our_crates_is_in_the_table() {
    let metadata = workspace();
    let ours: BTreeSet<&str> = metadata.workspace_packages().iter().map(|p| p.name.as_str()).collect();
    let mut offences = Vec::new();
    for package in metadata.workspace_packages() {
        let Some(arrows) = ARROWS.iter().find(|a| a.package == package.name.as_str()) else {
            offences.push(format!("{} is not in the table", package.name));
            continue;
        };
        for dependency in &package.dependencies {
            let used = dependency.name.as_str();
            // A crate may use itself in its own examples and tests.
            let is_ours = ours.contains(used) && used != arrows.package;
            if is_ours && !arrows.allows(used, dependency.kind) {
                offences.push(format!("{} uses {used}, which it may not know", package.name));
            }
        }
    }
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}

#[test]
fn no_crate_opens_the_door_it_exists_to_keep_closed() {
    let metadata = workspace();
    let closed: BTreeMap<&str, &[&str]> = CLOSED_DOORS.iter().copied().collect();
    for package in metadata.workspace_packages() {
        let Some(doors) = closed.get(package.name.as_str()) else { continue };
        for used in normal_dependencies(package) {
            assert!(!doors.contains(&used), "{} uses {used}, which it exists not to know", package.name);
        }
    }
}

#[test]
fn the_table_and_the_folders_agree() {
    let metadata = workspace();
    let root = metadata.workspace_root.as_std_path();
    let mut folders = BTreeSet::from(["bench".to_owned()]);
    for entry in std::fs::read_dir(root.join("crates")).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            folders.insert(format!("crates/{}", entry.file_name().into_string().unwrap()));
        }
    }
    let table: BTreeSet<String> = ARROWS.iter().map(|a| a.folder.to_owned()).collect();
    assert_eq!(folders, table, "left: folders, right: the table");

    for arrows in ARROWS {
        let manifest = root.join(arrows.folder).join("Cargo.toml");
        let package = metadata.packages.iter().find(|p| p.name.as_str() == arrows.package);
        let package = package.unwrap_or_else(|| panic!("there is no package {}", arrows.package));
        assert_eq!(package.manifest_path.as_std_path(), manifest, "{}", arrows.package);
    }
}

fn normal_dependencies(package: &Package) -> impl Iterator<Item = &str> {
    package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal).map(|d| d.name.as_str())
}

fn workspace() -> Metadata {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    MetadataCommand::new().manifest_path(manifest).no_deps().exec().unwrap()
}
