//! Who may do what: the one function that decides, for every domain.
//!
//! A decision takes who asks, as their roles and what they are to the thing, and what they want to do with it. What
//! nobody is named for, nobody may. Whose a thing is, its domain finds out; so does what is refused for its state, such
//! as a step in the life of a booking (`mentoring-booking`, `ops/transition`), which also knows the two parties.

use crate::{MemberRole, Role};

/// What somebody is to the thing that they want to do something with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    Stranger,
    /// The thing is their account, or a part of it.
    Oneself,
    /// They belong to the business.
    Member(MemberRole),
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// See a mentor who is not public, and what of a mentor is not.
    SeeWholeMentor,
    /// Read applications of mentors, approve and reject them, suspend mentors.
    ReviewMentors,
    /// Read denied no-shows and decide on them.
    SettleDisputes,
    /// Change a business, its papers included.
    EditBusiness,
    DeleteBusiness,
    /// See accounts, lock them, end their sessions, grant roles, help those who lost their factors.
    ManageAccounts,
}

impl Action {
    #[cfg(test)]
    const ALL: [Self; 6] = [
        Self::SeeWholeMentor,
        Self::ReviewMentors,
        Self::SettleDisputes,
        Self::EditBusiness,
        Self::DeleteBusiness,
        Self::ManageAccounts,
    ];

    /// By which roles, and by being what to the thing.
    const fn granted_by(self) -> (&'static [Role], &'static [Relation]) {
        use MemberRole::{Manager, Owner};
        use Relation::{Member, Oneself};
        match self {
            Self::SeeWholeMentor => (&[Role::Verifier, Role::Admin], &[Oneself]),
            Self::ReviewMentors => (&[Role::Verifier, Role::Admin], &[]),
            Self::SettleDisputes => (&[Role::Moderator, Role::Admin], &[]),
            Self::EditBusiness => (&[], &[Member(Owner), Member(Manager)]),
            Self::DeleteBusiness => (&[], &[Member(Owner)]),
            Self::ManageAccounts => (&[Role::Admin], &[]),
        }
    }
}

/// Whether somebody with these roles, who is `relation` to the thing, may do `action` with it.
#[must_use]
pub fn may(roles: &[Role], relation: Relation, action: Action) -> bool {
    let (by_role, by_relation) = action.granted_by();
    by_relation.contains(&relation) || roles.iter().any(|role| by_role.contains(role))
}

#[cfg(test)]
mod tests {
    use super::{Action, Relation, may};
    use crate::{MemberRole, Role};

    const RELATIONS: [Relation; 5] = [
        Relation::Stranger,
        Relation::Oneself,
        Relation::Member(MemberRole::Owner),
        Relation::Member(MemberRole::Manager),
        Relation::Member(MemberRole::Staff),
    ];

    #[test]
    fn nobody_may_anything_by_being_nobody() {
        for action in Action::ALL {
            assert!(!may(&[], Relation::Stranger, action), "{action:?}");
            assert!(
                !may(
                    &[Role::Mentor, Role::AlertOperator],
                    Relation::Stranger,
                    action
                ),
                "{action:?}"
            );
        }
    }

    #[test]
    fn roles_count_whatever_one_is_and_relations_whatever_the_roles() {
        for action in Action::ALL {
            for role in Role::ALL {
                let by_role = may(&[*role], Relation::Stranger, action);
                for relation in RELATIONS {
                    let by_relation = may(&[], relation, action);
                    assert_eq!(
                        may(&[*role], relation, action),
                        by_role || by_relation,
                        "{role:?} {relation:?} {action:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn no_role_reaches_into_a_business() {
        for role in Role::ALL {
            for action in [Action::EditBusiness, Action::DeleteBusiness] {
                assert!(!may(&[*role], Relation::Stranger, action));
                assert!(!may(&[*role], Relation::Member(MemberRole::Staff), action));
            }
        }
        assert!(may(
            &[],
            Relation::Member(MemberRole::Manager),
            Action::EditBusiness
        ));
        assert!(!may(
            &[],
            Relation::Member(MemberRole::Manager),
            Action::DeleteBusiness
        ));
    }
}
