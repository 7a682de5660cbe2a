using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Core.Approvals;

/// <summary>What one claim is worth under one policy.</summary>
public enum ApprovalStanding
{
    /// <summary>It does not count; <see cref="ApprovalFinding.Why"/> says why. The zero value: nothing counts by accident.</summary>
    DoesNotCount,

    /// <summary>Somebody else wrote it in the approver's name, or the approver may not approve.</summary>
    Forged,

    /// <summary>It would count, were the approver not the requester or the author, or were an author named.</summary>
    OwnWork,

    Counts,
}

/// <summary>A claim with its standing.</summary>
public sealed record ApprovalFinding(ApprovalClaim Claim, ApprovalStanding Standing, string? Why = null);

/// <summary>
/// The one judge of approvals: does this claim count for this change under this policy? Pure; the webhook and the
/// command line ask it alike. The questions it cannot answer from the facts go to <paramref name="ask"/>, and the
/// claim is then left out of the findings, so that a missing answer is never a yes.
/// </summary>
public static class ApprovalJudge
{
    public static IReadOnlyList<ApprovalFinding> Judge(Change change, ChangePolicy policy, Facts facts, Action<Question> ask)
    {
        var findings = new List<ApprovalFinding>(change.Approvals.Claims.Count);
        foreach (var claim in change.Approvals.Claims)
        {
            if (Judge(claim, change, policy, facts, ask) is { } finding)
            {
                findings.Add(finding);
            }
        }

        return findings;
    }

    private static ApprovalFinding? Judge(ApprovalClaim claim, Change change, ChangePolicy policy, Facts facts, Action<Question> ask)
    {
        if (claim.Approver is not { } approver || claim.Digest is not { } digest)
        {
            return new(claim, ApprovalStanding.DoesNotCount, $"{Quoted.Of(claim.Text)} is not of the form sha256:<64 digits>/<username>");
        }

        if (claim.IsNew)
        {
            switch (Guard(claim, approver, change, policy, facts, ask))
            {
                case (false, _):
                    return null;
                case (true, { } forged):
                    return new(claim, ApprovalStanding.Forged, forged);
            }
        }
        else if (facts.Ledger?.HistoryOf(change.Workload).UnguardedApprovals.Contains(claim.Text, StringComparer.Ordinal) == true)
        {
            return new(
                claim,
                ApprovalStanding.DoesNotCount,
                $"{Quoted.Of(claim.Text)} stood there before the namespace was governed, when anybody could write it; remove it and approve anew");
        }

        if (!Requester.IsPersonName(approver))
        {
            return new(claim, ApprovalStanding.DoesNotCount, $"{Quoted.Of(approver)} is not a person, and only people approve");
        }

        // A write that is no rollout puts an approval there for a coming change; which one is not known yet.
        if (!change.IsRollout)
        {
            return new(claim, ApprovalStanding.Counts);
        }

        if (digest != change.Digest)
        {
            return new(claim, ApprovalStanding.DoesNotCount, $"{Quoted.Of(approver)} approved {digest.Short}, which is another change");
        }

        return FourEyes(approver, change, policy) is { } own
            ? new(claim, ApprovalStanding.OwnWork, own)
            : new(claim, ApprovalStanding.Counts);
    }

    // The guard on the annotation: whoever adds a value must be the approver it names and be allowed to approve.
    // What a ReplicaSet of the Deployment carries may come back, because `kubectl rollout undo` brings it back.
    private static (bool Known, string? Forged) Guard(
        ApprovalClaim claim, string approver, Change change, ChangePolicy policy, Facts facts, Action<Question> ask)
    {
        var requester = change.Requester;
        if (!string.Equals(approver, requester.Username, StringComparison.Ordinal))
        {
            var forged = $"an approval by {Quoted.Of(approver)} can only be written by that user, not by {Quoted.Of(requester.Username)}";
            if (change.IsCreate || change.Workload.Kind != WorkloadKind.Deployment)
            {
                return (true, forged);
            }

            if (facts.ApprovalsOnReplicaSets is not { } carried)
            {
                ask(new Question.ApprovalsOnReplicaSets());
                return (false, null);
            }

            return (true, carried.Contains(claim.Text) ? null : forged);
        }

        if (!requester.IsPerson)
        {
            return (true, $"{Quoted.Of(requester.Username)} is not a person, and only people approve");
        }

        if (!facts.RequesterMayApprove.TryGetValue(policy.Name, out var mayApprove))
        {
            ask(new Question.MayApprove(policy.Name));
            return (false, null);
        }

        return (true, mayApprove
            ? null
            : $"{Quoted.Of(approver)} may not approve: the verb approve on changepolicies.changeadmission.io/{policy.Name} is missing");
    }

    private static string? FourEyes(string approver, Change change, ChangePolicy policy)
    {
        if (policy.RequireAuthor && change.Author is null)
        {
            return $"the policy wants to know the author, and the change names none ({WellKnown.Author})";
        }

        if (policy.AllowSelfApproval)
        {
            return null;
        }

        if (string.Equals(approver, change.Requester.Username, StringComparison.Ordinal))
        {
            return $"{Quoted.Of(approver)} approved and requests this change; somebody else must do one of the two";
        }

        return string.Equals(approver, change.Author, StringComparison.Ordinal)
            ? $"{Quoted.Of(approver)} approved and wrote this change; somebody else must approve it"
            : null;
    }
}
