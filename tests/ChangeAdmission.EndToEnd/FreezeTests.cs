using System.Text.Json.Nodes;

namespace ChangeAdmission.EndToEnd;

/// <summary>Times in which nothing rolls out but rollbacks.</summary>
public sealed class FreezeTests
{
    private const string Collection = "apis/changeadmission.io/v1alpha1/changefreezes";
    private static readonly Manifest Payments = A.Deployment("payments");

    [Fact]
    public async Task A_freeze_holds_rollouts_up_with_its_name_its_reason_and_its_end_and_its_deletion_lifts_it()
    {
        var (shop, team) = await ShopAsync();
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        var until = DateTimeOffset.UtcNow.AddHours(5).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        var freeze = await FreezeAsync(team, new JsonObject { ["reason"] = "end-of-year trading", ["until"] = until });

        var verdict = await Eventually.Get("the freeze to be in force", async () =>
            await Dev.Applies(Payments.WithImage("1.1.0")).AsDryRun().In(shop) is { IsAdmitted: false } held ? held : null, seconds: 2);

        verdict.MustBeRejected(["frozen"]);
        verdict.Message.Should().Contain($"frozen: freeze \"{freeze}\" (end-of-year trading) holds rollouts until {until} (in 5h)");
        await Dev.Scales(Payments, 2).In(shop).ShouldBeAdmitted();
        await Eventually.Holds("its status", async () => (await Api.Of("dev").GetAsync($"{Collection}/{freeze}"))["status"] is { } status
            && status["active"]!.GetValue<bool>() && status["nextChange"]!.GetValue<DateTimeOffset>() == DateTimeOffset.Parse(until, null));

        (await Api.Of("admin").DeleteAsync($"{Collection}/{freeze}")).ShouldBeOk();
        await Eventually.Holds("it to be lifted", async () => (await Dev.Applies(Payments.WithImage("1.1.0")).In(shop)).IsAdmitted, seconds: 2);
    }

    [Fact]
    public async Task No_approval_passes_a_freeze_and_a_rollback_does()
    {
        var (shop, team) = await ShopAsync();
        var (next, assisted) = (Payments.WithImage("1.1.0"), Payments.WithImage("1.2.0").DeclaredAIAssisted());
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await Ledger.OutcomeAsync(shop, Payments, "Succeeded");
        await Dev.Applies(next).In(shop).ShouldBeAdmitted();
        await Ledger.OutcomeAsync(shop, next, "Succeeded");
        await Senior.WritesApproval(on: next, of: assisted, by: "senior").In(shop).ShouldBeAdmitted();
        await FreezeAsync(team, new JsonObject { ["reason"] = "incident", ["from"] = "2020-01-01T00:00:00Z" });
        await Eventually.Holds("the freeze", async () => !(await Dev.Applies(Payments.WithImage("9")).AsDryRun().In(shop)).IsAdmitted);

        (await Dev.Applies(assisted).In(shop).ShouldBeRejected(with: "frozen")).Message.Should().Contain("until it is lifted");
        await Dev.Undoes(Payments).In(shop).ShouldBeAdmitted();

        (await shop.ImageOfAsync(Payments)).Should().Be(Payments.Image);
    }

    [Fact]
    public async Task A_schedule_shows_when_it_begins()
    {
        var (_, team) = await ShopAsync();
        var freeze = await FreezeAsync(team, new JsonObject { ["reason"] = "r", ["schedule"] = "0 0 29 2 *", ["duration"] = "24h", ["timeZone"] = "Europe/Berlin" });

        var status = await Eventually.Get("its status", async () => (await Api.Of("dev").GetAsync($"{Collection}/{freeze}"))["status"]);

        status["active"]!.GetValue<bool>().Should().BeFalse();
        var next = status["nextChange"]!.GetValue<DateTimeOffset>().UtcDateTime;
        (next.Month, next.Day, next.Hour).Should().Be((2, 28, 23), "midnight in Berlin is an hour earlier in UTC");
    }

    [Theory]
    [InlineData("spec", """{"reason":"r"}""")]
    [InlineData("spec", """{"reason":"r","from":"2026-01-01T00:00:00Z","schedule":"0 0 * * *","duration":"1h"}""")]
    [InlineData("spec.until", """{"reason":"r","from":"2026-01-02T00:00:00Z","until":"2026-01-01T00:00:00Z"}""")]
    [InlineData("spec.schedule", """{"reason":"r","schedule":"never","duration":"1h"}""")]
    [InlineData("spec.timeZone", """{"reason":"r","schedule":"0 0 * * *","duration":"1h","timeZone":"Europe/Atlantis"}""")]
    [InlineData("spec.duration", """{"reason":"r","schedule":"0 0 * * *","duration":"forever"}""")]
    public async Task What_is_wrong_is_refused_with_the_path_of_its_field(string path, string spec)
    {
        var answer = await Api.Of("admin").PostAsync(Collection, Freeze("wrong", JsonNode.Parse(spec)!.AsObject()));

        answer.Status.Should().Be(System.Net.HttpStatusCode.Forbidden);
        answer.Message.Should().Contain("ChangeFreeze \"wrong\" is invalid:").And.Contain($" - {path}: ");
    }

    private static async Task<(TestNamespace Shop, string Team)> ShopAsync()
    {
        var policy = await A.Policy().StoredAsync();
        return (await Namespaces.CriticalUnderAsync(policy), policy.Team);
    }

    private static async Task<string> FreezeAsync(string team, JsonObject spec)
    {
        spec["namespaceSelector"] = new JsonObject { ["matchLabels"] = new JsonObject { [Stack.OwnPolicyLabel] = team } };
        (await Api.Of("admin").PostAsync(Collection, Freeze($"freeze-of-{team}", spec))).ShouldBeOk();
        return $"freeze-of-{team}";
    }

    private static JsonObject Freeze(string name, JsonObject spec) => new()
    {
        ["apiVersion"] = "changeadmission.io/v1alpha1",
        ["kind"] = "ChangeFreeze",
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = spec,
    };
}
