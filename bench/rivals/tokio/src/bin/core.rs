//! tokio in the core section: the cases of bench/core/core_bench.cpp on its current-thread runtime.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinHandle;

const CROWD: usize = 1_000_000;

fn cpu_ns() -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut now) };
    now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
}

/// A line of /proc/self/status: VmHWM, the peak resident set, or VmRSS, the present one.
fn status_bytes(key: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(key));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) * 1024.0
}

fn report(name: &str, unit: &str, value: f64) {
    println!("{{\"name\": \"{name}\", \"{unit}\": {value:.3}}}");
}

/// Reports the tenth percentile of 40 rounds, as bench/support/measure.hpp does.
async fn rounds<Round, Running>(name: &str, operations: usize, round: Round)
where
    Round: Fn(usize) -> Running,
    Running: Future<Output = ()>,
{
    round(operations).await;
    let mut per_operation = Vec::new();
    for _ in 0..40 {
        let started = cpu_ns();
        round(operations).await;
        per_operation.push((cpu_ns() - started) / operations as f64);
    }
    per_operation.sort_by(f64::total_cmp);
    report(name, "ns", per_operation[per_operation.len() / 10]);
}

#[inline(never)]
async fn number(value: usize) -> usize {
    value
}

async fn create_and_await(operations: usize) {
    for _ in 0..operations {
        tokio::spawn(async {}).await.unwrap();
    }
}

async fn yield_together(operations: usize, tasks: usize) {
    let yielding: Vec<JoinHandle<()>> = (0..tasks)
        .map(|_| {
            tokio::spawn(async move {
                for _ in 0..operations / tasks {
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for task in yielding {
        task.await.unwrap();
    }
}

async fn through_a_queue(operations: usize) {
    let (sender, mut receiver) = tokio::sync::mpsc::channel(100);
    let producer = tokio::spawn(async move {
        for i in 0..operations {
            sender.send(i).await.unwrap();
        }
    });
    while receiver.recv().await.is_some() {}
    producer.await.unwrap();
}

async fn gather_crowd() {
    let started = cpu_ns();
    {
        let children: Vec<JoinHandle<usize>> = (0..CROWD).map(|i| tokio::spawn(number(i))).collect();
        let mut results = Vec::with_capacity(CROWD);
        for child in children {
            results.push(child.await.unwrap());
        }
        assert_eq!(results[CROWD - 1], CROWD - 1);
    }
    report("gather_1m_per_task", "ns", (cpu_ns() - started) / CROWD as f64);
}

async fn sleep_crowd() {
    let (resident, started) = (status_bytes("VmRSS"), cpu_ns());
    {
        let sleeping: Vec<JoinHandle<()>> = (0..CROWD)
            .map(|_| tokio::spawn(tokio::time::sleep(Duration::from_secs(4))))
            .collect();
        for task in sleeping {
            task.await.unwrap();
        }
    }
    let seconds = (cpu_ns() - started) / 1e9;
    report("sleep_1m_bytes", "bytes", (status_bytes("VmHWM") - resident) / CROWD as f64);
    report("sleep_1m_cpu_s", "seconds", seconds);
}

async fn run(case: &str) {
    match case {
        "task_create_await" => rounds(case, 20_000, create_and_await).await,
        "yield_1" => rounds(case, 100_000, |operations| yield_together(operations, 1)).await,
        "yield_1000" => rounds(case, 100_000, |operations| yield_together(operations, 1000)).await,
        "queue_item" => rounds(case, 100_000, through_a_queue).await,
        "gather_1m" => gather_crowd().await,
        "sleep_1m" => sleep_crowd().await,
        _ => {}
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for case in std::env::args().skip(1) {
        // Spawned, as a server's code would be: what block_on itself runs is polled on a slower path.
        runtime.block_on(async { tokio::spawn(async move { run(&case).await }).await.unwrap() });
    }
}
