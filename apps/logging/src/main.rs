//! The sample logging application, as a node program of its own.

mod multi_auth;
mod preconditions;
mod records;
mod routes;
mod schemas;

fn main() -> std::process::ExitCode {
    quorate_node::application_main(quorate_node::Application {
        name: "quorate-logging",
        register: routes::register,
    })
}
