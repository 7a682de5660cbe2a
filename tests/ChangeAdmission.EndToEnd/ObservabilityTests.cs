using System.Globalization;
using System.Text.Json.Nodes;

namespace ChangeAdmission.EndToEnd;

/// <summary>What the people who run the cluster see of decisions: metrics, Events, the audit log.</summary>
public sealed class ObservabilityTests
{
    private static readonly Manifest Payments = A.Deployment("payments");
    private static readonly Manifest Next = Payments.WithImage("1.1.0").DeclaredAIAssisted();

    public static TheoryData<string> WaysToChange => new("apply", "server-side apply", "patch", "set image", "replace");

    [Theory]
    [MemberData(nameof(WaysToChange))]
    public async Task One_rejected_command_is_one_rejection_in_metrics_and_one_Event(string way)
    {
        var shop = await ShopAsync();

        await ByWay(way, Next).In(shop).ShouldBeRejected(with: "approval-missing");

        // A second decision, later in every queue: whatever the first left twice would be there before it.
        await Dev.Annotates(Payments, WellKnown.SeniorApproval, Next.ApprovalIn(shop, by: "senior")).In(shop)
            .ShouldBeRejected(with: "approval-forged");
        await Eventually.Holds("the Event of the second decision", async () => (await RejectionsAsync(shop, "approval-forged")).Count > 0);

        (await RejectionsAsync(shop, "approval-missing")).Should().HaveCount(1);
        var counted = (await Observed.DecisionsAsync(shop.Name)).Where(s => s.Labels["reason"] == "approval-missing");
        counted.Should().ContainSingle().Which.Value.Should().Be(1);
    }

    [Fact]
    public async Task The_count_carries_labels_of_bounded_values_and_no_others()
    {
        var shop = await ShopAsync();
        await Dev.Applies(Next).In(shop).ShouldBeRejected(with: "approval-missing");

        var rejected = (await Observed.DecisionsAsync(shop.Name)).Single(s => s.Labels["decision"] == "rejected");

        rejected.Labels.Where(l => !l.Key.StartsWith("otel_", StringComparison.Ordinal)).Should().BeEquivalentTo(
            new Dictionary<string, string>
            {
                ["policy"] = "critical",
                ["namespace"] = shop.Name,
                ["kind"] = "Deployment",
                ["provenance"] = "AIAssisted",
                ["decision"] = "rejected",
                ["reason"] = "approval-missing",
                ["dry_run"] = "false",
            });
    }

    [Fact]
    public async Task The_Event_of_a_rejected_change_is_on_the_workload_and_says_why()
    {
        var shop = await ShopAsync();
        await Dev.Applies(Next).In(shop).ShouldBeRejected(with: "approval-missing");

        var seen = await Eventually.Get("the Event", async () => (await RejectionsAsync(shop, "approval-missing")).SingleOrDefault());

        seen["type"]!.GetValue<string>().Should().Be("Warning");
        seen["involvedObject"]!["kind"]!.GetValue<string>().Should().Be("Deployment");
        seen["involvedObject"]!["name"]!.GetValue<string>().Should().Be("payments");
        seen["involvedObject"]!["uid"]!.GetValue<string>()
            .Should().Be((await shop.ReadAsync(Payments))["metadata"]!["uid"]!.GetValue<string>());
        seen["message"]!.GetValue<string>().Should().Contain(Next.DigestIn(shop).ToString()).And.Contain("requested by dev");
    }

    [Fact]
    public async Task Kubectl_describe_shows_the_rejection_on_the_workload()
    {
        var shop = await ShopAsync();
        await Dev.Applies(Next).In(shop).ShouldBeRejected(with: "approval-missing");

        await Eventually.Holds("the Event in kubectl describe", async () =>
            (await Dev.Runs("describe", Payments.Reference).In(shop)).Kubectl.Output.Contains("RolloutRejected", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_Event_of_a_rejected_create_is_on_the_namespace()
    {
        var shop = await Namespaces.CriticalAsync();
        await Dev.Applies(Next).In(shop).ShouldBeRejected(with: "approval-missing");

        var seen = await Eventually.Get("the Event", async () => (await RejectionsAsync(shop, "approval-missing")).SingleOrDefault());

        seen["involvedObject"]!["kind"]!.GetValue<string>().Should().Be("Namespace");
        seen["involvedObject"]!["name"]!.GetValue<string>().Should().Be(shop.Name);
    }

    [Fact]
    public async Task An_admitted_rollout_is_counted_and_leaves_an_Event()
    {
        var shop = await ShopAsync();

        var seen = await Eventually.Get("the Event", async () => (await EventsAsync(shop, "RolloutAdmitted")).SingleOrDefault());

        seen["type"]!.GetValue<string>().Should().Be("Normal");
        seen["message"]!.GetValue<string>().Should().Contain(Payments.DigestIn(shop).ToString());
        (await Observed.DecisionsAsync(shop.Name)).Should().ContainSingle().Which.Labels["decision"].Should().Be("admitted");
    }

    [Fact]
    public async Task The_audit_log_tells_who_was_rejected_why_and_with_which_digest()
    {
        var shop = await ShopAsync();
        await Dev.Applies(Next).In(shop).ShouldBeRejected(with: "approval-missing");

        var entry = await AuditedAsync(shop, code: 403);

        entry["user"]!["username"]!.GetValue<string>().Should().Be("dev");
        OurAnnotations(entry).Should().BeEquivalentTo(new Dictionary<string, string>
        {
            ["decision"] = "rejected",
            ["policies"] = "critical",
            ["provenance"] = "AIAssisted",
            ["digest"] = Next.DigestIn(shop).ToString(),
            ["reasons"] = "approval-missing",
        });
    }

    [Fact]
    public async Task The_audit_log_tells_what_was_admitted()
    {
        var shop = await ShopAsync();

        var entry = await AuditedAsync(shop, code: 201);

        OurAnnotations(entry).Should().Contain("decision", "admitted").And.Contain("digest", Payments.DigestIn(shop).ToString());
    }

    [Fact]
    public async Task The_gauges_tell_that_we_are_called_and_until_when_the_certificate_is_valid()
    {
        var samples = await Observed.SamplesAsync();

        samples.Should().ContainSingle(s => s.Name == "changeadmission_webhook_configuration_present").Which.Value.Should().Be(1);
        var expiry = samples.Should().ContainSingle(s => s.Name == "changeadmission_certificate_expiry_timestamp_seconds").Which.Value;
        DateTimeOffset.FromUnixTimeSeconds((long)expiry).Should().BeAfter(DateTimeOffset.UtcNow.AddDays(30));
        samples.Should().Contain(s => s.Name == "changeadmission_decision_duration_seconds_count" && s.Value > 0);
    }

    [Theory]
    [InlineData("healthz")]
    [InlineData("readyz")]
    public async Task The_probes_answer(string path) => (await Observed.GetAsync(path)).Status.Should().Be(200);

    private static Command ByWay(string way, Manifest change) => way switch
    {
        "apply" => Dev.Applies(change),
        "server-side apply" => Dev.AppliesServerSide(change),
        "replace" => Dev.Replaces(change),
        "set image" => Dev.Runs("set", "image", change.Reference, $"app={change.Image}"),
        "patch" => Dev.Patches(change, "merge", string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"spec":{"template":{"spec":{"containers":[{"name":"app","image":"{{change.Image}}"}] } } } }""")),
        _ => throw new ArgumentOutOfRangeException(nameof(way), way, "no such way"),
    };

    // Declared beforehand, which is no rollout, so that every way to change the image is AI-assisted.
    private static async Task<TestNamespace> ShopAsync()
    {
        var shop = await Namespaces.CriticalAsync();
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await Dev.Annotates(Payments, WellKnown.AIAssisted, "true").In(shop).ShouldBeAdmitted();
        return shop;
    }

    private static async Task<IReadOnlyList<JsonNode>> EventsAsync(TestNamespace ns, string reason) =>
        [.. (await Observed.EventsAsync(ns.Name)).Where(e => e["reason"]!.GetValue<string>() == reason)];

    private static async Task<IReadOnlyList<JsonNode>> RejectionsAsync(TestNamespace ns, string reason) =>
        [.. (await EventsAsync(ns, "RolloutRejected")).Where(e => e["message"]!.GetValue<string>().Contains($" - {reason}: ", StringComparison.Ordinal))];

    private static Task<JsonNode> AuditedAsync(TestNamespace ns, int code) => Eventually.Get("the audit log's entry", async () =>
        (await Observed.AuditAsync(ns.Name, "payments")).LastOrDefault(e => e["responseStatus"]?["code"]?.GetValue<int>() == code));

    private static Dictionary<string, string> OurAnnotations(JsonNode entry)
    {
        const string Prefix = "rollouts.changeadmission.io/";
        return entry["annotations"]!.AsObject()
            .Where(a => a.Key.StartsWith(Prefix, StringComparison.Ordinal))
            .ToDictionary(a => a.Key[Prefix.Length..], a => a.Value!.GetValue<string>());
    }
}
