//! Arguments in, exit status out.

fn main() -> std::process::ExitCode {
    ppm_infra::cli::main(std::env::args_os())
}
