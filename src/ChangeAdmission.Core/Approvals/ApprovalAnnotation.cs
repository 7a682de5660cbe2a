using System.Text;
using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Core.Approvals;

/// <summary>One value of the annotation.</summary>
/// <param name="Text">As written.</param>
/// <param name="Digest">The digest it approves; null when the value is of no form.</param>
/// <param name="Approver">The username it names; null when the value is of no form.</param>
/// <param name="IsNew">Whether this very request adds it to the workload.</param>
/// <param name="Token">What was signed, not yet believed; null for a value that is not signed.</param>
/// <param name="Problem">Why it is of no form; null when it is of one.</param>
public sealed record ApprovalClaim(string Text, ChangeDigest? Digest, string? Approver, bool IsNew, ApprovalToken? Token = null, string? Problem = null);

/// <summary>
/// The annotation <c>changeadmission.io/senior-approval</c>: claims separated by commas, compared as a set. Each is an
/// <see cref="ApprovalToken"/>, or <c>sha256:&lt;64 hex&gt;/&lt;approver&gt;</c>: the approver is all that follows the first
/// slash, so a username may contain slashes, but no comma.
/// </summary>
public sealed class ApprovalAnnotation
{
    /// <summary>In bytes of UTF-8. Checked before anything is parsed, so that nobody can make us work for a long value.</summary>
    public const int MaxLength = 4 * 1024;
    public const int MaxClaims = 8;

    private ApprovalAnnotation(IReadOnlyList<ApprovalClaim> claims, string? problem)
    {
        Claims = claims;
        Problem = problem;
    }

    public IReadOnlyList<ApprovalClaim> Claims { get; }

    /// <summary>Why the annotation as a whole was not read; null when it was.</summary>
    public string? Problem { get; }

    public static ApprovalAnnotation Read(string? proposed, string? current)
    {
        if (!TrySplit(proposed, out var values, out var problem))
        {
            return new([], problem);
        }

        var known = Values(current);
        return new([.. values.Select(value => Parse(value, isNew: !known.Contains(value)))], null);
    }

    /// <summary>
    /// The single values of an annotation that stands somewhere. None of one beyond a limit: it was never read, so nothing of it
    /// has passed the guard.
    /// </summary>
    public static IReadOnlySet<string> Values(string? annotation) =>
        TrySplit(annotation, out var values, out _) ? values : new HashSet<string>();

    private static bool TrySplit(string? annotation, out HashSet<string> values, out string? problem)
    {
        annotation ??= "";
        values = [];
        if (annotation.Length > MaxLength || Encoding.UTF8.GetByteCount(annotation) > MaxLength)
        {
            problem = $"{WellKnown.SeniorApproval} is longer than {MaxLength} bytes";
            return false;
        }

        values = new(annotation.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries), StringComparer.Ordinal);
        problem = values.Count > MaxClaims ? $"{WellKnown.SeniorApproval} holds more than {MaxClaims} values" : null;
        return problem is null;
    }

    private static ApprovalClaim Parse(string value, bool isNew)
    {
        if (ApprovalToken.IsMeant(value))
        {
            return ApprovalToken.Read(value, out var problem) is { } token
                ? new(value, token.Digest, token.Approver, isNew, token)
                : new(value, null, null, isNew, Problem: $"{Quoted.Of(value)} {problem}");
        }

        var slash = value.IndexOf('/', StringComparison.Ordinal);
        return slash > 0
            && slash < value.Length - 1
            && ChangeDigest.TryParse(value.AsSpan(0, slash), out var digest)
            && !value.AsSpan().ContainsAnyInRange('\0', '\u001f')
                ? new(value, digest, value[(slash + 1)..], isNew)
                : new(value, null, null, isNew, Problem: $"{Quoted.Of(value)} is not of the form sha256:<64 digits>/<username>");
    }
}
