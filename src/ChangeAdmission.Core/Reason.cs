namespace ChangeAdmission.Core;

/// <summary>
/// Why a change is not simply admitted. The order is the order in which reasons are listed, the ids are API: they
/// stand in messages, audit annotations and metric labels.
/// </summary>
public enum Reason
{
    Undeclared,
    ApprovalMissing,
    ApprovalInvalid,
    SelfApproval,
    ApprovalForged,
    RateLimited,
    Cooldown,
    Frozen,
    Bypass,
    Exempting,
    Invalid,
    Unavailable,
}

public static class Reasons
{
    /// <summary>The id under which the reason is known outside: <c>approval-missing</c>.</summary>
    public static string Id(this Reason reason) => reason switch
    {
        Reason.Undeclared => "undeclared",
        Reason.ApprovalMissing => "approval-missing",
        Reason.ApprovalInvalid => "approval-invalid",
        Reason.SelfApproval => "self-approval",
        Reason.ApprovalForged => "approval-forged",
        Reason.RateLimited => "rate-limited",
        Reason.Cooldown => "cooldown",
        Reason.Frozen => "frozen",
        Reason.Bypass => "bypass",
        Reason.Exempting => "exempting",
        Reason.Invalid => "invalid",
        Reason.Unavailable => "unavailable",
        _ => throw new ArgumentOutOfRangeException(nameof(reason)),
    };

    /// <summary>
    /// Whether the reason rejects under every enforcement. A forged approval would outlive the mode in which it
    /// was planted.
    /// </summary>
    public static bool RejectsInEveryMode(this Reason reason) => reason is Reason.ApprovalForged or Reason.Bypass or Reason.Exempting;
}
