use std::collections::HashMap;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::Method;
use karya_core::Scope;

/// Which scope each operation takes. What is not in it, no key may do.
#[derive(Debug, Clone, Default)]
pub struct OperationScopes(Arc<HashMap<String, (Method, Scope)>>);

impl OperationScopes {
    /// Operations by their ids, which are the names of the handlers, as actix registers them.
    #[must_use]
    pub fn new(operations: impl IntoIterator<Item = (String, Method, Scope)>) -> Self {
        let table = operations
            .into_iter()
            .map(|(id, method, scope)| (id, (method, scope)));
        Self(Arc::new(table.collect()))
    }

    /// What the operation that took the request wants.
    pub(crate) fn of(&self, req: &HttpRequest) -> Option<Scope> {
        let (method, scope) = self.0.get(req.match_name()?)?;
        // A name that was found by the path alone could be that of another method's operation.
        (method == req.method()).then_some(*scope)
    }
}
