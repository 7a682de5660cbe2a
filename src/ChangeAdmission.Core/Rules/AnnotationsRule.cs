using ChangeAdmission.Core.Approvals;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Core.Rules;

/// <summary>
/// Our annotations must be understood or the change is not: a key that looks like one of ours and is not, a value
/// that is too long, an approval that has no form. So a misspelt declaration is an error and not a way through.
/// </summary>
internal sealed class AnnotationsRule : IRule
{
    /// <summary>The API server allows 256 KiB for all keys and values of an object: TotalAnnotationSizeLimitB.</summary>
    private const int MaxTotal = 256 * 1024;
    private const int MaxAuthor = 1024;

    public bool JudgesAnnotationWrites => true;

    public void Check(RuleContext context, ICollection<Violation> violations)
    {
        var change = context.Change;
        Check(change.Proposed.Annotations, "metadata.annotations", violations);
        Check(change.Proposed.TemplateAnnotations, "spec.template.metadata.annotations", violations);

        if (change.Approvals.Problem is { } problem)
        {
            violations.Add(new(Reason.Invalid, problem));
        }

        if (change.Proposed.Annotations.TryGetValue(WellKnown.Author, out var author) && author.Length > MaxAuthor)
        {
            violations.Add(new(Reason.Invalid, $"{WellKnown.Author} is longer than {MaxAuthor} characters"));
        }

        // In a rollout the approval rule says what each value is worth; here it is told when it is written.
        if (!change.IsRollout)
        {
            foreach (var finding in context.Carried.Where(f => f.IsNew && f.Standing == ApprovalStanding.DoesNotCount))
            {
                violations.Add(new(Reason.ApprovalInvalid, finding.Why!));
            }
        }
    }

    private static void Check(IReadOnlyDictionary<string, string> annotations, string path, ICollection<Violation> violations)
    {
        var total = 0L; // in UTF-16 units, never more than the bytes the API server counts
        foreach (var (key, value) in annotations)
        {
            total += key.Length + value.Length;
            if (QualifiedName.Problem(key.ToLowerInvariant()) is { } problem)
            {
                violations.Add(new(Reason.Invalid, $"{path} has a key that Kubernetes does not allow: {problem}"));
            }
            else if (ReservedKeys.LooksLike(key) is { } meant)
            {
                violations.Add(new(
                    Reason.Invalid,
                    $"{path} has the key {Quoted.Of(key)}, which is none of ours but looks like {meant}",
                    $"write {meant}, or remove the key"));
            }
        }

        if (total > MaxTotal)
        {
            violations.Add(new(Reason.Invalid, $"{path} holds more than {MaxTotal / 1024} KiB"));
        }
    }
}
