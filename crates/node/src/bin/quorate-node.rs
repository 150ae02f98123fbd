//! `quorate-node`: a node without an application of its own.

fn main() -> std::process::ExitCode {
    quorate_node::application_main(quorate_node::Application {
        name: "quorate-node",
        register: |_| Ok(()),
    })
}
