// SPDX-License-Identifier: MIT
//! build.rs - what the twins share stays in one place: messages come from service.proto, counters
//! and switches from the .def files beside it. Each list becomes a call of the macro of its name in
//! lists.rs.
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// `FSC_SERVICE_SWITCH(POOL, 0)` -> `["POOL", "0"]`, for each row of that macro.
fn rows(file: &Path, row: &str) -> io::Result<Vec<Vec<String>>> {
    println!("cargo:rerun-if-changed={}", file.display());
    let start = format!("{row}(");
    let text = fs::read_to_string(file)?;
    let arguments = text.lines().filter_map(|line| line.strip_prefix(&start)?.split(')').next());
    let words = |row: &str| row.split(',').map(|word| word.trim().to_owned()).collect();
    Ok(arguments.map(words).collect())
}

/// The first word of each row, as a macro call.
fn names(list: &str, rows: &[Vec<String>]) -> String {
    let names: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    format!("{list}! {{ {} }}\n", names.join(", "))
}

fn main() -> io::Result<()> {
    let service = Path::new("../service");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let stats = service.join("memory_stats.def");
    let switches: Vec<String> = rows(&service.join("switches.def"), "FSC_SERVICE_SWITCH")?
        .iter()
        .map(|row| format!("{} = {}", row[0], row[1]))
        .collect();
    let lists = names("counters", &rows(&stats, "FSC_SERVICE_COUNTER")?)
        + &names("delays", &rows(&stats, "FSC_SERVICE_DELAY")?)
        + &format!("switches! {{ {} }}\n", switches.join(", "));
    fs::write(out.join("lists.rs"), lists)?;

    prost_build::compile_protos(&[service.join("service.proto")], &[service])?;

    let mut shim = cc::Build::new();
    shim.file("src/counts.c").warnings_into_errors(true);
    println!("cargo:rerun-if-changed=src/counts.c");
    if env::var_os("CARGO_FEATURE_MARKS").is_some() {
        shim.file("src/marks.c").include("../../instrument/include");
        println!("cargo:rerun-if-changed=src/marks.c");
        println!("cargo:rerun-if-changed=../../instrument/include/ffiscope.h");
    }
    shim.compile("shim");
    Ok(())
}
