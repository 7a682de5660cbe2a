using System.Text.Json;
using ChangeAdmission.Controller.Governance;
using ChangeAdmission.Core;
using ChangeAdmission.Core.Approvals;
using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;
using ChangeAdmission.Kubernetes.Admission;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Webhooks;

/// <summary>
/// Who may create a <c>ChangeApproval</c>, and what is stamped into it: asked once when it is stamped and once more when it is
/// validated, because another webhook may write in between.
/// </summary>
internal sealed class ApprovalGuard(Governor governor, TimeProvider time)
{
    /// <summary>The stamp of this request's creator; or why there is none.</summary>
    public async Task<(ApprovalStamp? Stamp, TimeSpan MaxAge, string? Problem)> StampAsync(AdmissionRequest request, CancellationToken ct)
    {
        var requester = UserInfo.Of(request);
        if (!requester.IsPerson)
        {
            return (null, default, $"{Quoted.Of(requester.Username)} is not a person, and only people approve");
        }

        var rules = await governor.RulesOfAsync(request.Namespace, ct).ConfigureAwait(false);
        List<ChangePolicy> governing = [.. rules.Policies.Where(p => p.IsValid).Select(p => p.Policy).Where(p => p.Accept.Contains(ApprovalCarrier.Object))];
        if (governing.Count == 0)
        {
            return (null, default, $"no policy that accepts ChangeApprovals governs the namespace {Quoted.Of(request.Namespace)}");
        }

        var mayApprove = new List<ChangePolicy>();
        foreach (var policy in governing)
        {
            if (await governor.MayAsync(requester, Verb.Approve, policy.Name, ct).ConfigureAwait(false))
            {
                mayApprove.Add(policy);
            }
        }

        if (mayApprove.Count == 0)
        {
            var names = string.Join(", ", governing.Select(p => $"changepolicies.changeadmission.io/{p.Name}"));
            return (null, default, $"{Quoted.Of(requester.Username)} may not approve: the verb approve on {names} is missing");
        }

        var now = time.GetUtcNow();
        now = new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
        return (new ApprovalStamp(requester.Username, requester.Groups, now, [.. mayApprove.Select(p => p.Name)]), mayApprove.Min(p => p.ApprovalMaxAge), null);
    }

    /// <summary>What is wrong with a <c>ChangeApproval</c> that is being created or changed.</summary>
    public async Task<IReadOnlyList<FieldError>> CheckAsync(AdmissionRequest request, CancellationToken ct)
    {
        using var approval = JsonDocument.Parse(request.Object.Whole.Of(request.Body));
        if (request.Operation == AdmissionOperation.Update)
        {
            using var before = JsonDocument.Parse(request.OldObject.Whole.Of(request.Body));
            return JsonElement.DeepEquals(SpecElement(approval), SpecElement(before))
                ? []
                : [new("spec", "does not change after creation; delete the approval and create another")];
        }

        ChangeApprovalSpec spec;
        try
        {
            spec = ChangeApproval.SpecOf(approval.RootElement) ?? new ChangeApprovalSpec();
        }
        catch (JsonException e)
        {
            return [new(e.Path is null or "$" ? "spec" : $"spec{e.Path.AsSpan(1)}", "is not a field of this version, or has a value of another type")];
        }

        var problems = ChangeApproval.Problems(spec);
        return problems.Count > 0 ? problems : await CheckStampAsync(request, spec, ct).ConfigureAwait(false);
    }

    private async Task<IReadOnlyList<FieldError>> CheckStampAsync(AdmissionRequest request, ChangeApprovalSpec spec, CancellationToken ct)
    {
        const string Stamp = "spec.approvedBy";
        var (expected, maxAge, problem) = await StampAsync(request, ct).ConfigureAwait(false);
        if (expected is null)
        {
            return [new(Stamp, problem!)];
        }

        if (spec is not { ApprovedBy: { } stamped, ExpiresAt: { } end })
        {
            return [new(Stamp, "is missing: the webhook approvals.changeadmission.io, which stamps it, was not called")];
        }

        var isOurs = string.Equals(stamped.Username, expected.Username, StringComparison.Ordinal)
            && (stamped.Groups ?? []).SequenceEqual(expected.Groups!)
            && (stamped.Policies ?? []).All(p => expected.Policies!.Contains(p, StringComparer.Ordinal))
            && (expected.At - stamped.At).Duration() <= ChangeApproval.StampLife;
        return !isOurs ? [new(Stamp, "is not as it was stamped: some other webhook writes there")]
            : end <= stamped.At ? [new("spec.expiresAt", $"{LimitText.Date(end)} has passed")]
            : end > stamped.At + maxAge ? [new("spec.expiresAt", $"is later than the policies allow, which is {DurationText.Of(maxAge)} from now: {LimitText.Date(stamped.At + maxAge)}")]
            : [];
    }

    private static JsonElement SpecElement(JsonDocument approval) =>
        approval.RootElement.TryGetProperty("spec", out var spec) ? spec : default;
}
