using System.Text.Json.Nodes;

namespace ChangeAdmission.EndToEnd;

/// <summary>A policy that makes no sense is refused with the place; one that is stored all the same lets nothing through.</summary>
public sealed class InvalidPolicyTests
{
    private const string Configuration = "apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/changeadmission";
    private const string Unguarded = "test.changeadmission.io/unguarded";

    public static TheoryData<string, string, string> Refused => new()
    {
        // By the schema.
        { "approval.count", "9", "spec.approval.count" },
        { "approval.count", "0", "spec.approval.count" },
        { "enforcement", "\"Sometimes\"", "spec.enforcement" },
        { "workloads", "[]", "spec.workloads" },
        { "workloads", "[\"Job\"]", "spec.workloads" },
        { "provenance.aiAssistedWhen", "[{}]", "spec.provenance.aiAssistedWhen" },

        // By the webhook, where a schema cannot say it.
        { "workloads", "[\"Deployment\",\"Deployment\"]", "spec.workloads[1]: Deployment is named twice" },
        { "provenance.aiAssistedWhen", "[{\"annotation\":\"no key\"}]", "spec.provenance.aiAssistedWhen[0].annotation" },
        {
            "provenance.aiAssistedWhen",
            "[{\"annotation\":\"changeadmission.io/ai-assisted\",\"values\":[\"true\",\"false\"]}]",
            "spec.provenance.aiAssistedWhen[0].values[1]"
        },
        { "namespaceSelector", "{\"matchLabels\":{\"no label\":\"x\"}}", "spec.namespaceSelector.matchLabels" },
        {
            "namespaceSelector",
            "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\"}]}",
            "spec.namespaceSelector.matchExpressions[0].values"
        },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task An_invalid_policy_is_refused_with_the_path_of_the_field(string field, string value, string path)
    {
        var verdict = await Admin.Applies(A.Policy().With(field, JsonNode.Parse(value))).InTheCluster();

        verdict.Kubectl.ExitCode.Should().NotBe(0);
        verdict.Kubectl.Error.Should().Contain(path);
    }

    [Fact]
    public async Task All_that_is_wrong_is_told_at_once()
    {
        var policy = A.Policy()
            .With("workloads", new JsonArray("DaemonSet", "DaemonSet"))
            .With("provenance.aiAssistedWhen", new JsonArray(new JsonObject { ["annotation"] = "-" }));

        var verdict = await Admin.Applies(policy).InTheCluster();

        verdict.Kubectl.Error.Should().Contain(" - spec.workloads[1]: ").And.Contain(" - spec.provenance.aiAssistedWhen[0].annotation: ");
    }

    [Fact]
    public async Task A_field_that_this_version_does_not_know_is_refused()
    {
        var verdict = await Admin.Applies(A.Policy().With("rateLimit", new JsonArray())).InTheCluster();

        verdict.Kubectl.ExitCode.Should().NotBe(0);
        verdict.Kubectl.Error.Should().Contain("unknown field").And.Contain("rateLimit");
    }

    [Fact]
    public async Task A_policy_that_is_stored_invalid_rejects_what_it_selects_and_names_the_field()
    {
        var policy = A.Policy().With("workloads", new JsonArray("Deployment", "Deployment"));
        await StoreUnguardedAsync(policy);
        var shop = await Namespaces.CriticalUnderAsync(policy);

        var verdict = await Dev.Applies(A.Deployment("payments").DeclaredHuman()).In(shop).ShouldBeRejected(with: "invalid");

        verdict.Message.Should().Contain($"by policy \"{policy.Name}\"").And.Contain("spec.workloads[1]");

        await Eventually.Holds("its status to say so", async () =>
            (await Api.Of("dev").GetAsync($"{Policy.Collection}/{policy.Name}"))["status"]?["conditions"]?.AsArray()
            .Any(c => c!["type"]!.GetValue<string>() == "Valid" && c["status"]!.GetValue<string>() == "False"
                && c["message"]!.GetValue<string>().Contains("spec.workloads[1]", StringComparison.Ordinal)) is true);

        // And nothing but rollouts: who repairs it must not be locked out of the rest.
        await policy.DeletedAsync();
        await Dev.Applies(A.Deployment("payments").DeclaredHuman()).In(shop).ShouldBeAdmitted();
    }

    // As after a restore of etcd, or a day without the webhook: for objects with one label, it is taken away for a moment.
    private static async Task StoreUnguardedAsync(Policy policy)
    {
        var selector = JsonNode.Parse($$"""{"matchExpressions":[{"key":"{{Unguarded}}","operator":"DoesNotExist"}]}""");
        await SetObjectSelectorAsync(selector);
        try
        {
            var body = policy.ToJson();
            body["metadata"]!["labels"] = new JsonObject { [Unguarded] = "true" };
            await Eventually.Holds("the API server to store it unasked", async () =>
                (int)(await Api.Of("admin").PostAsync(Policy.Collection, body)).Status is 201);
        }
        finally
        {
            await SetObjectSelectorAsync(null);
        }
    }

    private static async Task SetObjectSelectorAsync(JsonNode? selector)
    {
        var patch = new JsonArray(
            new JsonObject { ["op"] = "test", ["path"] = "/webhooks/1/name", ["value"] = "resources.changeadmission.io" },
            new JsonObject { ["op"] = "replace", ["path"] = "/webhooks/1/objectSelector", ["value"] = selector ?? new JsonObject() });
        (await Api.Of("admin").SendAsync(HttpMethod.Patch, Configuration, patch, "application/json-patch+json")).ShouldBeOk();
    }
}
