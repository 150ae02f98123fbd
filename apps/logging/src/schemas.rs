//! What the endpoints take and give, for the OpenAPI document.

use quorate_endpoints::Schema;

/// A record to write.
pub fn record_in() -> Schema {
    Schema::object("LoggingRecord__In")
        .required("id", Schema::uint64())
        .required("msg", Schema::string())
        .optional("record_claim", Schema::boolean())
}

/// A record that was read.
pub fn get_out() -> Schema {
    Schema::object("LoggingGet__Out").required("msg", Schema::string())
}

/// Where a record was written.
pub fn put_out() -> Schema {
    Schema::object("LoggingPut__Out")
        .required("success", Schema::boolean())
        .required("tx_id", Schema::string())
}
