using ChangeAdmission.Core.Budgets;
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

/// <summary>A piece of evidence with its standing.</summary>
/// <param name="Approver">Whose yes it is; null when that cannot be told.</param>
/// <param name="Claim">The value of the annotation; null for a <c>ChangeApproval</c>.</param>
public sealed record ApprovalFinding(ApprovalCarrier Carrier, string? Approver, ApprovalStanding Standing, string? Why = null, ApprovalClaim? Claim = null)
{
    public bool IsNew => Claim is { IsNew: true };
}

/// <summary>
/// The one judge of approvals: does this piece of evidence count for this change under this policy? Pure; the webhook and the
/// command line ask it alike. The questions it cannot answer from the facts go to <c>ask</c>, and the claim is then left
/// out of the findings, so that a missing answer is never a yes.
/// </summary>
public static class ApprovalJudge
{
    /// <summary>How far the clock of whoever signs may be from ours.</summary>
    public static readonly TimeSpan Skew = TimeSpan.FromSeconds(60);

    /// <summary>What the annotation is worth.</summary>
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

    /// <summary>What one <c>ChangeApproval</c> of the workload's namespace is worth; null for one that is of another workload or another change.</summary>
    public static ApprovalFinding? Judge(ApprovalGrant grant, Change change, ChangePolicy policy, DateTimeOffset now)
    {
        if (grant.Workload != change.Workload || grant.Digest != change.Digest)
        {
            return null;
        }

        var approval = $"the ChangeApproval {Quoted.Of(grant.Name)}";
        var end = grant.ApprovedAt + policy.ApprovalMaxAge;
        end = grant.ExpiresAt < end ? grant.ExpiresAt : end;
        return !policy.Accept.Contains(ApprovalCarrier.Object) ? DoesNot("is none that this policy accepts")
            : !Requester.IsPersonName(grant.Approver) ? DoesNot($"is of {Quoted.Of(grant.Approver)}, who is not a person, and only people approve")
            : !grant.Policies.Contains(policy.Name, StringComparer.Ordinal) ? DoesNot($"is of {Quoted.Of(grant.Approver)}, who was not allowed to approve under this policy")
            : now >= end ? DoesNot($"expired at {LimitText.Date(end)}")
            : FourEyes(grant.Approver, null, change, policy) is { } own ? new(ApprovalCarrier.Object, grant.Approver, ApprovalStanding.OwnWork, own)
            : new(ApprovalCarrier.Object, grant.Approver, ApprovalStanding.Counts);

        ApprovalFinding DoesNot(string why) => new(ApprovalCarrier.Object, grant.Approver, ApprovalStanding.DoesNotCount, $"{approval} {why}");
    }

    private static ApprovalFinding? Judge(ApprovalClaim claim, Change change, ChangePolicy policy, Facts facts, Action<Question> ask)
    {
        var carrier = claim.Token is null ? ApprovalCarrier.Annotation : ApprovalCarrier.Signature;
        if (claim.Approver is not { } approver || claim.Digest is not { } digest)
        {
            return Finding(ApprovalStanding.DoesNotCount, claim.Problem);
        }

        if (claim.Token is { } token)
        {
            // Anybody may carry a signature, for a coming change too; it is judged at the rollout.
            return !change.IsRollout ? Finding(ApprovalStanding.Counts)
                : !policy.Accept.Contains(ApprovalCarrier.Signature) ? Finding(ApprovalStanding.DoesNotCount, "this policy accepts no signed approvals")
                : TokenProblem(token, change, policy, facts) is { } problem ? Finding(ApprovalStanding.DoesNotCount, problem)
                : FourEyes(approver, token.Author, change, policy) is { } ownWork ? Finding(ApprovalStanding.OwnWork, ownWork)
                : Finding(ApprovalStanding.Counts);
        }

        if (claim.IsNew)
        {
            switch (Guard(claim, approver, change, policy, facts, ask))
            {
                case (false, _):
                    return null;
                case (true, { } forged):
                    return Finding(ApprovalStanding.Forged, forged);
            }
        }
        else if (facts.Ledger?.HistoryOf(change.Workload).UnguardedApprovals.Contains(claim.Text, StringComparer.Ordinal) == true)
        {
            return Finding(
                ApprovalStanding.DoesNotCount,
                $"{Quoted.Of(claim.Text)} stood there before the namespace was governed, when anybody could write it; remove it and approve anew");
        }

        if (!Requester.IsPersonName(approver))
        {
            return Finding(ApprovalStanding.DoesNotCount, $"{Quoted.Of(approver)} is not a person, and only people approve");
        }

        // A write that is no rollout puts an approval there for a coming change; which one is not known yet.
        if (!change.IsRollout)
        {
            return Finding(ApprovalStanding.Counts);
        }

        return !policy.Accept.Contains(ApprovalCarrier.Annotation) ? Finding(ApprovalStanding.DoesNotCount, "this policy accepts no approvals that are only written in the annotation")
            : digest != change.Digest ? Finding(ApprovalStanding.DoesNotCount, $"{Quoted.Of(approver)} approved {digest.Short}, which is another change")
            : FourEyes(approver, null, change, policy) is { } own ? Finding(ApprovalStanding.OwnWork, own)
            : Finding(ApprovalStanding.Counts);

        ApprovalFinding Finding(ApprovalStanding standing, string? why = null) => new(carrier, claim.Approver, standing, why, claim);
    }

    // Nothing that the token says is repeated before its signature has been verified.
    private static string? TokenProblem(ApprovalToken token, Change change, ChangePolicy policy, Facts facts)
    {
        var signer = Quoted.Of(token.KeyId);
        List<ApprovalSigner> keys = [.. policy.Signers.Where(s => string.Equals(s.Name, token.KeyId, StringComparison.Ordinal))];
        if (keys.Count == 0)
        {
            return $"it is signed in the name of {signer}, who is no signer of this policy";
        }

        keys.RemoveAll(k => !k.IsInForce(facts.Now));
        if (keys.Count == 0)
        {
            return $"no key of {signer} is in force now";
        }

        if (!keys.Exists(k => token.IsSignedBy(k.Key)))
        {
            return $"its signature is not by the key of {signer}";
        }

        var expired = token.ExpiresAt <= facts.Now - Skew;
        var early = token.IssuedAt > facts.Now + Skew || token.NotBefore > facts.Now + Skew;
        return !string.Equals(token.Approver, token.KeyId, StringComparison.Ordinal) ? $"{signer} signed it as {Quoted.Of(token.Approver)}"
            : !Requester.IsPersonName(token.Approver) ? $"{signer} is not a person, and only people approve"
            : !string.Equals(token.Audience, facts.ClusterName, StringComparison.Ordinal) ? $"{signer} approved it for the cluster {Quoted.Of(token.Audience)}; this is {Quoted.Of(facts.ClusterName)}"
            : !string.Equals(token.Subject, ApprovalToken.SubjectOf(change.Workload), StringComparison.Ordinal) ? $"{signer} approved a change to {Quoted.Of(token.Subject)}, which is another workload"
            : token.Digest != change.Digest ? $"{signer} approved {token.Digest.Short}, which is another change"
            : token.ExpiresAt <= token.IssuedAt || token.ExpiresAt - token.IssuedAt > policy.ApprovalMaxAge ? $"{signer} signed it for longer than {DurationText.Of(policy.ApprovalMaxAge)}, which is the most here"
            : expired ? $"what {signer} signed expired at {LimitText.Date(token.ExpiresAt)}"
            : early ? $"what {signer} signed is not valid yet"
            : null;
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

    // The author as the change names it, and as the approver names it in what she signed: neither may be the approver.
    private static string? FourEyes(string approver, string? signedAuthor, Change change, ChangePolicy policy)
    {
        if (policy.RequireAuthor && change.Author is null && signedAuthor is null)
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

        return IsSamePerson(approver, change.Author, policy) || IsSamePerson(approver, signedAuthor, policy)
            ? $"{Quoted.Of(approver)} approved and wrote this change; somebody else must approve it"
            : null;
    }

    private static bool IsSamePerson(string approver, string? author, ChangePolicy policy) =>
        author is not null
        && (string.Equals(approver, author, StringComparison.Ordinal)
            || policy.Signers.Any(s => string.Equals(s.Name, approver, StringComparison.Ordinal) && s.Aliases.Contains(author, StringComparer.OrdinalIgnoreCase)));
}
