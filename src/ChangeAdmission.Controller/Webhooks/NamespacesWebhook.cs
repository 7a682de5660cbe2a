using System.Text.Json;
using ChangeAdmission.Controller.Governance;
using ChangeAdmission.Controller.Telemetry;
using ChangeAdmission.Core;
using ChangeAdmission.Core.Policies;
using ChangeAdmission.Kubernetes.Admission;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Webhooks;

/// <summary>
/// <c>/validate/namespaces</c>: a namespace leaves a policy's reach, or a freeze's, only by somebody with the verb <c>exempt</c>. The API
/// server asks about critical namespaces, also on the write that makes one ordinary. Deleting a namespace is not exempting it.
/// </summary>
internal sealed class NamespacesWebhook(Governor governor, ControllerOptions options, GuardRecorder recorder) : IWebhook
{
    public string Path => "/validate/namespaces";

    public async ValueTask<AdmissionResponse> ReviewAsync(AdmissionRequest request, CancellationToken ct)
    {
        if (request.Operation != AdmissionOperation.Update)
        {
            return AdmissionResponse.Admit;
        }

        if (request is not { Group: "", Kind: "Namespace", Object: { Whole.IsEmpty: false, Name.Length: > 0 }, OldObject.Whole.IsEmpty: false })
        {
            return AdmissionResponse.Reject($"{Reason.Invalid.Id()}: the request is not about a change of a Namespace");
        }

        var (before, after) = (Labels(request, request.OldObject), Labels(request, request.Object));
        if (before.Count == after.Count && before.All(l => after.TryGetValue(l.Key, out var value) && value == l.Value))
        {
            return AdmissionResponse.Admit;
        }

        var requester = UserInfo.Of(request);
        var (policies, freezes) = await governor.AllRulesAsync(ct).ConfigureAwait(false);
        var left = policies.Where(p => Leaves(p.NamespaceSelector)).Select(p => p.Name).ToList();
        var thawed = freezes.Where(f => Leaves(f.NamespaceSelector)).Select(f => f.Name).ToList();
        if (left.Count == 0 && thawed.Count == 0)
        {
            return AdmissionResponse.Admit;
        }

        // A freeze is no policy, so whoever takes a namespace out of one needs the verb on those that govern it.
        var asked = thawed.Count == 0 ? left : [.. policies.Where(p => Reaches(p.NamespaceSelector, before)).Select(p => p.Name)];
        var missing = new List<string>();
        foreach (var policy in asked)
        {
            if (!await governor.MayAsync(requester, Verb.Exempt, policy, ct).ConfigureAwait(false))
            {
                missing.Add(policy);
            }
        }

        if (missing.Count == 0)
        {
            return AdmissionResponse.Admit;
        }

        var reach = string.Join(" and ", left.Select(p => $"policy \"{p}\"").Concat(thawed.Select(f => $"freeze \"{f}\"")));
        var verbs = string.Join(", ", missing.Select(p => $"changepolicies.changeadmission.io/{p}"));
        var why = requester.IsPerson ? $"the verb exempt on {verbs} is missing" : "it is not a person, and only people exempt";
        return recorder.Reject(request, requester, missing, new Violation(
            Reason.Exempting, $"this takes the namespace out of the reach of {reach}, which {Quoted.Of(requester.Username)} may not: {why}"));

        bool Leaves(LabelSelector selector) => Reaches(selector, before) && !Reaches(selector, after);
    }

    private bool Reaches(LabelSelector selector, IReadOnlyDictionary<string, string> labels) =>
        options.CriticalNamespaces.Matches(labels) && selector.Matches(labels);

    private static IReadOnlyDictionary<string, string> Labels(AdmissionRequest request, ObjectSlices ns)
    {
        using var document = JsonDocument.Parse(ns.Whole.Of(request.Body));
        return ClusterState.ReadLabels(document.RootElement).Labels;
    }
}
