karya_core::text_enum! {
    /// What kind of security event it is. There may be more: treat those that you do not know as unknown.
    pub enum EventKind {
        Registered = "registered",
        EmailVerified = "email_verified",
        SignedIn = "signed_in",
        SignInRefused = "sign_in_refused",
        SessionEnded = "session_ended",
        /// A refresh token turned up twice, and its session ended.
        RefreshReused = "refresh_reused",
        PasswordChanged = "password_changed",
        /// With the code from a mail.
        PasswordReset = "password_reset",
        EmailChangeAsked = "email_change_asked",
        EmailChanged = "email_changed",
        /// With the link that went to the address before.
        EmailChangeUndone = "email_change_undone",
        RoleGranted = "role_granted",
        RoleRevoked = "role_revoked",
        /// It may be used again.
        AccountActive = "account_active",
        AccountLocked = "account_locked",
        /// Its owner wants it deleted.
        AccountClosing = "account_closing",
        AccountDeleted = "account_deleted",
        /// A second factor.
        FactorAdded = "factor_added",
        FactorRemoved = "factor_removed",
        FactorPassed = "factor_passed",
        FactorRefused = "factor_refused",
        /// Staff wants to remove all factors of somebody who lost them.
        FactorResetAsked = "factor_reset_asked",
        FactorResetRefused = "factor_reset_refused",
        FactorsReset = "factors_reset",
        RecoveryCodesMade = "recovery_codes_made",
        RecoveryCodeUsed = "recovery_code_used",
        /// An account at another provider; the reason says which.
        IdentityLinked = "identity_linked",
        IdentityUnlinked = "identity_unlinked",
        ConsentGiven = "consent_given",
        ConsentWithdrawn = "consent_withdrawn",
        ExportAsked = "export_asked",
        ExportDownloaded = "export_downloaded",
        DataRequestMade = "data_request_made",
        DataRequestAnswered = "data_request_answered",
        DeletionAsked = "deletion_asked",
        DeletionCancelled = "deletion_cancelled",
        AccountErased = "account_erased",
        ApiKeyCreated = "api_key_created",
        ApiKeyRotated = "api_key_rotated",
        ApiKeyRevoked = "api_key_revoked",
        /// Somebody who is signed in wants the account to have a phone number.
        PhoneAsked = "phone_asked",
        PhoneVerified = "phone_verified",
        /// It has another one than before.
        PhoneChanged = "phone_changed",
        PhoneRemoved = "phone_removed",
        /// With the link that went to the number before.
        PhoneChangeUndone = "phone_change_undone",
    }
}
