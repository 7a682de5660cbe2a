namespace ChangeAdmission.Core.Changes;

/// <summary>
/// Who made the request, as the API server authenticated them (<c>request.userInfo</c>). Everything that a
/// SubjectAccessReview needs in order to ask for exactly this person.
/// </summary>
public sealed record Requester(
    string Username,
    IReadOnlyList<string> Groups,
    string? Uid = null,
    IReadOnlyDictionary<string, IReadOnlyList<string>>? Extra = null)
{
    /// <summary>
    /// Whether this is a person who could approve at all. Service accounts and <c>system:</c> users cannot,
    /// whatever RBAC says: GitOps controllers often hold <c>*</c>, and a line in Git must not pass every rule.
    /// </summary>
    public bool IsPerson => IsPersonName(Username);

    /// <inheritdoc cref="IsPerson"/>
    public static bool IsPersonName(string username) =>
        username.Length > 0 && !username.StartsWith("system:", StringComparison.OrdinalIgnoreCase);
}
