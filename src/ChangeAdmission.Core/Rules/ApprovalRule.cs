using System.Buffers;
using ChangeAdmission.Core.Approvals;
using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Core.Rules;

/// <summary>
/// A rollout for which the policy requires approval must carry enough approvals of exactly its digest, by distinct
/// people who are neither its requester nor its author.
/// <list type="bullet">
/// <item><c>approval-missing</c>: nothing that could count is presented, or not yet by enough people.</item>
/// <item><c>approval-invalid</c>: something is presented that does not count; each with its why.</item>
/// <item><c>self-approval</c>: nothing but four eyes fails.</item>
/// </list>
/// What has no digest is <see cref="TemplateRule"/>'s to report. A restart of what was admitted needs none, nor does an exempt
/// rollback. Forged values are no evidence here; they are <see cref="ApprovalForgedRule"/>'s to report.
/// </summary>
internal sealed class ApprovalRule : IRule
{
    // What a shell takes as it stands.
    private static readonly SearchValues<char> Harmless =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@._:/+-");

    public bool JudgesAnnotationWrites => false;

    public void Check(RuleContext context, ICollection<Violation> violations)
    {
        if (Need(context) is not { } need || context.Change.Digest is null || context.IsAdmittedRestart || context.IsExemptRollback)
        {
            return;
        }

        if (Counting(context).Count < context.Policy.ApprovalCount && context.Policy.Accept.Contains(ApprovalCarrier.Object))
        {
            context.LookAtGrants();
        }

        var counting = Counting(context);
        if (context.Questions.Count > 0 || counting.Count >= context.Policy.ApprovalCount)
        {
            return;
        }

        List<ApprovalFinding> findings = [.. context.Carried, .. context.Granted];
        var broken = new List<Violation>();
        broken.AddRange(findings.Where(f => f.Standing == ApprovalStanding.DoesNotCount).Select(f => new Violation(Reason.ApprovalInvalid, f.Why!)));
        broken.AddRange(findings.Where(f => f.Standing == ApprovalStanding.OwnWork).Select(f => new Violation(Reason.SelfApproval, f.Why!)));
        if (broken.Count == 0)
        {
            broken.Add(new(Reason.ApprovalMissing, Missing(need, counting.Count, context)));
        }

        // What to do is the same for all of them, so it is said once, after the last.
        broken[^1] = broken[^1] with { Next = Next(context, counting) };
        foreach (var violation in broken)
        {
            violations.Add(violation);
        }
    }

    // One for each person, whatever she approved by.
    private static List<ApprovalFinding> Counting(RuleContext context) =>
        [.. context.Carried.Concat(context.Granted).Where(f => f.Standing == ApprovalStanding.Counts).DistinctBy(f => f.Approver, StringComparer.Ordinal)];

    // Why the policy wants an approval for this change, as the beginning of a sentence; null when it does not.
    private static string? Need(RuleContext context) => context.Policy.ApprovalRequiredFor switch
    {
        ApprovalRequirement.None => null,
        ApprovalRequirement.All => "this change needs approval",
        ApprovalRequirement.AIAssisted => context.Provenance switch
        {
            Provenance.AIAssisted when context.PresentedAt is { } at =>
                $"this content was presented as AI-assisted at {LimitText.Date(at)}, which a later declaration does not change,",
            Provenance.AIAssisted => "this change is AI-assisted",
            Provenance.Undeclared when context.Policy.Undeclared == UndeclaredMeaning.AIAssisted =>
                "this change declares nothing, which counts as AI-assisted here,",
            _ => null,
        },
        _ => throw new InvalidOperationException($"unknown requirement {context.Policy.ApprovalRequiredFor}"),
    };

    private static string Missing(string need, int approvers, RuleContext context) => approvers == 0
        ? $"{need} and no senior has approved it"
        : $"{need} and {approvers} of {context.Policy.ApprovalCount} seniors have approved it";

    private static string Next(RuleContext context, List<ApprovalFinding> counting)
    {
        var change = context.Change;
        if (change.HasGeneratedName)
        {
            return "give the workload a name of its own: a generated name is not known beforehand, so it cannot be approved";
        }

        var (ns, kind, name) = change.Workload;
        var who = counting.Count == 0 ? "a senior" : "another senior";
        if (context.Policy.Accept.Contains(ApprovalCarrier.Annotation) && !change.IsCreate)
        {
            // Approvals that count stay in the value; the command would otherwise take them away. People paste this line
            // into a shell, so a username that a shell would act on is left for them to copy.
            var standing = counting.Select(f => f.Claim).OfType<ApprovalClaim>().Select(c => c.Text.AsSpan().ContainsAnyExcept(Harmless) ? "PRESENT-VALUE" : c.Text);
            var value = string.Join(',', standing.Append($"{change.Digest}/USERNAME"));
            return $"{who} runs  kubectl annotate {kind.ToString().ToLowerInvariant()}/{name} -n {ns} --overwrite {WellKnown.SeniorApproval}={value}";
        }

        return context.Policy.Accept.Contains(ApprovalCarrier.Object) ? $"{who} creates a ChangeApproval in namespace {ns} with workload {kind} {name} and digest {change.Digest}"
            : context.Policy.Accept.Contains(ApprovalCarrier.Signature) ? $"{who} signs digest {change.Digest} of {ApprovalToken.SubjectOf(change.Workload)}, and the signature goes into the annotation {WellKnown.SeniorApproval}"
            : "create it with content that needs no approval first, then a senior approves this change on it";
    }
}
