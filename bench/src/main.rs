//! Measures the program as clients meet it: a real server on a real socket, a throw-away PostgreSQL, and load from the
//! same machine. Prints tables; judges nothing. `cargo run --release -p karya-bench -- mentoring`

mod baseline;
mod bearer;
mod businesses;
mod enumeration;
mod imports;
mod load;
mod mentoring;
mod raw;
mod server;

use clap::{Parser, Subcommand};

/// The server's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "karya-bench", about = "Measures Karya under load")]
struct Cli {
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(Subcommand)]
enum Scenario {
    /// Slots, bookings, contention, imports, suspension
    Mentoring {
        #[arg(long, default_value_t = 2000)]
        mentors: i32,
        /// Booked sessions of each mentor, over a year
        #[arg(long, default_value_t = 180)]
        bookings: i32,
        #[arg(long, default_value_t = 8)]
        seconds: u64,
    },
    /// Reading, listing, searching, registering, syncing, each beside pgbench with the same statements
    Businesses {
        #[arg(long, default_value_t = 100_000)]
        count: usize,
        #[arg(long, default_value_t = 5)]
        seconds: u64,
        /// Hold this file's lock while measuring: for a machine where others take it to build
        #[arg(long)]
        lock: Option<std::path::PathBuf>,
    },
    /// Checking an access token
    Bearer,
    /// Whether the time of an answer tells which addresses have accounts, at rest and during a storm of sign-ins
    Enumeration {
        /// Of each operation, for known and for unknown addresses each
        #[arg(long, default_value_t = 400)]
        samples: usize,
        /// Hold this file's lock while measuring: for a machine where others take it to build
        #[arg(long)]
        lock: Option<std::path::PathBuf>,
    },
    /// The program alone, for the others
    #[command(hide = true)]
    Serve { database_url: String },
}

fn main() {
    let Cli { scenario } = Cli::parse();
    actix_web::rt::System::with_tokio_rt(karya::cli::runtime).block_on(async {
        match scenario {
            Scenario::Mentoring {
                mentors,
                bookings,
                seconds,
            } => mentoring::run(mentors, bookings, seconds).await,
            Scenario::Businesses {
                count,
                seconds,
                lock,
            } => businesses::run(count, seconds, lock).await,
            Scenario::Bearer => bearer::run().await,
            Scenario::Enumeration { samples, lock } => enumeration::run(samples, lock).await,
            Scenario::Serve { database_url } => server::serve_alone(&database_url).await,
        }
    });
}
