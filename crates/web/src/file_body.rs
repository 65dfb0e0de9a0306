use utoipa::ToSchema;

// `format: binary` is what generators make their language's own kind of file of.
/// The bytes of a file.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct FileBody(pub Vec<u8>);
