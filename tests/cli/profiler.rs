//! A program that answers as Nsight Compute does: it starts what it is asked to profile, and writes the table.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use assert_cmd::Command;

use crate::project::{Finished, Project, finished};

/// How it answers.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    /// A line for each launch; the call that is profiled first takes longer.
    Whole,
    /// The user may not read the counters.
    Denied,
    /// The table ends within its last line.
    Cut,
}

/// The program in a folder of the project.
pub struct FakeProfiler<'a> {
    project: &'a Project,
}

impl<'a> FakeProfiler<'a> {
    pub fn in_project(project: &'a Project, answer: Answer) -> Self {
        let fake = Self { project };
        let answer = match answer {
            Answer::Whole => "whole",
            Answer::Denied => "denied",
            Answer::Cut => "cut",
        };
        let text = SCRIPT
            .replace("@CALLS@", fake.calls().to_str().expect("a path of text"))
            .replace("@ANSWER@", answer);
        let program = project.path("bin").join("ncu");
        fs::create_dir_all(project.path("bin")).expect("a folder");
        fs::write(&program, text).expect("a file");
        fs::set_permissions(&program, Permissions::from_mode(0o755)).expect("it is ours");
        fake
    }

    /// Runs the program with this profiler first on PATH.
    pub fn kda(&self, arguments: &[&str]) -> Finished {
        let mut command: Command = self.project.command(arguments);
        let others = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&others);
        let folders = [self.project.path("bin")].into_iter().chain(folders);
        command.env("PATH", std::env::join_paths(folders).expect("folders"));
        finished(&mut command)
    }

    /// Calls that it was asked to profile.
    pub fn profiled(&self) -> usize {
        let calls = fs::read_to_string(self.calls()).unwrap_or_default();
        calls.lines().count()
    }

    fn calls(&self) -> PathBuf {
        self.project.path("bin").join("calls")
    }
}

/// Options as `Profiler::words` gives them, then the worker's command, which holds the descriptors that the harness talks
/// through. Only what the shell itself can do, since a worker has no PATH.
const SCRIPT: &str = r#"#!/bin/sh
if [ "$1" = --version ]; then
  printf 'NVIDIA (R) Nsight Compute Command Line Profiler\nVersion 2025.3.1.0 (build 1) (fake)\n'
  exit
fi
while :; do
  case $1 in
    --csv) shift ;;
    --log-file) log=$2; shift 2 ;;
    --launch-count) count=$2; shift 2 ;;
    --kernel-name) name=$2; shift 2 ;;
    --*) shift 2 ;;
    *) break ;;
  esac
done
us=30; [ -e "@CALLS@" ] || us=40
echo "$name" >>"@CALLS@"
if [ "@ANSWER@" = denied ]; then
  echo '==PROF== Connected to process 7 (/kda)' >"$log"
  echo '==ERROR== ERR_NVGPUCTRPERM - The user does not have permission to access NVIDIA GPU Performance Counters on the target device 0.' >>"$log"
  exit 1
fi
"$@"
status=$?
name=${name#'regex:^('}
name=${name%')$'}
{
  echo '==PROF== Connected to process 7 (/kda)'
  echo '"ID","Kernel Name","gpu__time_duration.sum","launch__registers_per_thread","dram__bytes_read.sum"'
  echo '"","","ns","register/thread","byte"'
  at=0
  while [ "$at" -lt "$count" ]; do
    if [ "@ANSWER@" = cut ]; then
      printf '"%s","%s","%s,0' "$at" "${name%%|*}" "$us"
      break
    fi
    echo "\"$at\",\"${name%%|*}\",\"$us,000\",\"32\",\"1,048,576\""
    at=$((at + 1))
  done
} >"$log"
exit "$status"
"#;
