use diesel::deserialize::{FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};
use diesel::sql_types::{Array, Nullable, Text};

/// A `text[]` whose elements are never null. PostgreSQL cannot say so in the type; our constraints do.
///
/// For `#[diesel(deserialize_as = TextList)]` on a `Vec<String>`.
#[derive(Debug, Clone, FromSqlRow)]
#[diesel(sql_type = Array<Nullable<Text>>)]
pub struct TextList(Vec<String>);

impl FromSql<Array<Nullable<Text>>, Pg> for TextList {
    fn from_sql(value: PgValue<'_>) -> diesel::deserialize::Result<Self> {
        let elements: Vec<Option<String>> = FromSql::<Array<Nullable<Text>>, Pg>::from_sql(value)?;
        Ok(Self(elements.into_iter().flatten().collect()))
    }
}

impl From<TextList> for Vec<String> {
    fn from(list: TextList) -> Self {
        list.0
    }
}
