//! Arguments in, exit status out.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    ppm_infra::cli::main(std::env::args_os())
}
