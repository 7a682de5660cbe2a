using System.Net;
using System.Text.Json.Nodes;

namespace ChangeAdmission.EndToEnd;

/// <summary>A ChangeApproval is whose the API server says it is, for one change, until it expires or is deleted.</summary>
public sealed class ApprovalObjectTests
{
    private static readonly Manifest Payments = A.Deployment("payments");
    private static readonly Manifest Next = Payments.WithImage("1.1.0").DeclaredAIAssisted();

    [Fact]
    public async Task It_admits_exactly_its_change_without_any_annotation_and_shows_that_it_was_used()
    {
        var shop = await ShopAsync();
        var approval = new Approval(Next);
        await approval.StoredAsync(shop);

        await Dev.Applies(Next.WithImage("1.2.0")).In(shop).ShouldBeRejected(with: "approval-missing");
        await Dev.Applies(Next).In(shop).ShouldBeAdmitted();

        var record = await Ledger.OutcomeAsync(shop, Next, "Succeeded");
        record["spec"]!["approvedBy"]!.AsArray().Select(a => (a!["name"]!.GetValue<string>(), a["carrier"]!.GetValue<string>())).Should().Equal(("senior", "Object"));
        await Eventually.Holds("its use to be shown", async () => (await ReadAsync(shop, approval))["status"] is { } status
            && status["used"]!.GetValue<bool>() && status["usedAt"] is not null && status["conditions"]![0]!["status"]!.GetValue<string>() == "True");
    }

    [Fact]
    public async Task A_workload_can_be_approved_before_there_is_one()
    {
        var shop = await Namespaces.CriticalAsync();
        await Dev.Applies(Next).In(shop).ShouldBeRejected(with: "approval-missing");

        await new Approval(Next).StoredAsync(shop);

        await Dev.Applies(Next).In(shop).ShouldBeAdmitted();
    }

    [Fact]
    public async Task Who_approved_is_stamped_over_whatever_the_client_wrote()
    {
        var shop = await ShopAsync();
        var forged = new JsonObject
        {
            ["username"] = "erin",
            ["groups"] = new JsonArray("system:masters"),
            ["at"] = "2020-01-01T00:00:00Z",
            ["policies"] = new JsonArray("every", "policy"),
        };

        var stored = await new Approval(Next).With("approvedBy", forged).StoredAsync(shop);

        var stamp = stored["spec"]!["approvedBy"]!;
        stamp["username"]!.GetValue<string>().Should().Be("senior");
        stamp["groups"]!.AsArray().Select(g => g!.GetValue<string>()).Should().Equal("seniors", "system:authenticated");
        stamp["policies"]!.AsArray().Select(g => g!.GetValue<string>()).Should().Equal("critical");
        var at = stamp["at"]!.GetValue<DateTimeOffset>();
        at.Should().BeCloseTo(DateTimeOffset.UtcNow, TimeSpan.FromSeconds(30));
        stored["spec"]!["expiresAt"]!.GetValue<DateTimeOffset>().Should().Be(at.AddHours(24), "maxAge is 24h");
    }

    [Fact]
    public async Task Its_spec_does_not_change_whoever_asks()
    {
        var shop = await ShopAsync();
        var approval = new Approval(Next);
        await approval.StoredAsync(shop);

        foreach (var (field, value) in new (string, JsonNode)[] { ("digest", Payments.DigestIn(shop).ToString()), ("expiresAt", "2099-01-01T00:00:00Z"), ("reason", "another") })
        {
            var answer = await Api.Of("admin").PatchAsync(approval.PathIn(shop), new JsonObject { ["spec"] = new JsonObject { [field] = value } });
            answer.Status.Should().Be(HttpStatusCode.Forbidden);
            answer.Message.Should().Contain("spec: does not change after creation");
        }

        (await Api.Of("admin").PatchAsync(approval.PathIn(shop), new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["team"] = "a" } } })).ShouldBeOk();
    }

    [Fact]
    public async Task Deleting_it_revokes_it_at_once()
    {
        var shop = await ShopAsync();
        for (var i = 0; i < 5; i++)
        {
            var approval = new Approval(Next);
            await approval.StoredAsync(shop);
            await Dev.Applies(Next).AsDryRun().In(shop).ShouldBeAdmitted();

            await approval.RevokedAsync(shop);

            await Dev.Applies(Next).In(shop).ShouldBeRejected(with: "approval-missing");
        }
    }

    [Fact]
    public async Task It_ends_to_the_second()
    {
        var shop = await ShopAsync();
        var end = DateTimeOffset.UtcNow.AddSeconds(8);
        await new Approval(Next).With("expiresAt", end.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture)).StoredAsync(shop);
        await Dev.Applies(Next).AsDryRun().In(shop).ShouldBeAdmitted();

        await Eventually.Holds("it to expire", async () => !(await Dev.Applies(Next).AsDryRun().In(shop)).IsAdmitted, seconds: 12);

        DateTimeOffset.UtcNow.Should().BeOnOrAfter(end.AddSeconds(-1), "the end is in whole seconds");
        (await Dev.Applies(Next).In(shop).ShouldBeRejected(with: "approval-invalid")).Message.Should().Contain("expired at ");
    }

    [Fact]
    public async Task One_for_longer_than_the_policies_allow_is_refused_and_not_shortened()
    {
        var shop = await ShopAsync();

        var answer = await Api.Of("senior").PostAsync(Approval.CollectionIn(shop), new Approval(Next).With("expiresAt", "2099-01-01T00:00:00Z").ToJson(shop));

        answer.Status.Should().Be(HttpStatusCode.Forbidden);
        answer.Message.Should().Contain("spec.expiresAt: is later than the policies allow, which is 24h from now");
    }

    [Fact]
    public async Task It_counts_in_its_namespace_for_its_workload_alone()
    {
        var (shop, bank) = (await ShopAsync(), await ShopAsync());
        await Dev.Applies(Payments.Named("other")).In(shop).ShouldBeAdmitted();
        await Dev.Applies(A.StatefulSet("payments")).In(shop).ShouldBeAdmitted();
        await new Approval(Next).StoredAsync(bank);
        await new Approval(Next.Named("other")).StoredAsync(shop);

        // With the digest of the very change, but in the name of others.
        await new Approval(Next.Named("other")).With("digest", Next.DigestIn(shop).ToString()).StoredAsync(shop);
        await new Approval(A.StatefulSet("payments")).With("digest", Next.DigestIn(shop).ToString()).StoredAsync(shop);
        await new Approval(Next).With("digest", Next.DigestIn(bank).ToString()).StoredAsync(shop);

        await Dev.Applies(Next).In(shop).ShouldBeRejected(with: "approval-missing");
    }

    [Fact]
    public async Task Only_who_may_approve_creates_one_and_the_refusal_names_the_verb_and_the_policies()
    {
        var shop = await ShopAsync();
        var writers = await WritersAsync();
        var approval = new Approval(Next);

        var refused = await Admin.As("frank", writers).Creates(approval).In(shop);
        refused.Kubectl.ExitCode.Should().NotBe(0);
        refused.Kubectl.Error.Should().Contain("\"frank\" may not approve: the verb approve on changepolicies.changeadmission.io/critical is missing");

        (await Admin.As("frank", writers, "seniors").Creates(approval).In(shop)).MustBeAdmitted();
    }

    [Fact]
    public async Task A_right_that_was_taken_away_before_is_no_right()
    {
        var shop = await ShopAsync();
        var writers = await WritersAsync(mayApprove: true);
        (await Admin.As("frank", writers).Creates(new Approval(Next)).AsDryRun().In(shop)).MustBeAdmitted();

        (await Api.Of("admin").DeleteAsync($"apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{writers}-approve")).ShouldBeOk();

        await Eventually.Holds("the right to be gone", async () =>
            (await Admin.As("frank", writers).Creates(new Approval(Next)).In(shop)).Kubectl.Error.Contains("may not approve", StringComparison.Ordinal), seconds: 20);
    }

    [Fact]
    public async Task Neither_robots_nor_the_requester_nor_the_author_approve_by_it()
    {
        var shop = await ShopAsync();
        var robot = await Admin.As("system:serviceaccount:argo:argo", "system:masters").Creates(new Approval(Next)).In(shop);
        robot.Kubectl.Error.Should().Contain("is not a person, and only people approve");

        await new Approval(Next).StoredAsync(shop);
        await Senior.Applies(Next).In(shop).ShouldBeRejected(with: "self-approval");
        await Dev.Applies(Next.WrittenBy("senior")).In(shop).ShouldBeRejected(with: "self-approval");
    }

    [Fact]
    public async Task Two_of_one_person_are_one_and_two_people_are_two()
    {
        var policy = await A.Policy().With("approval.count", 2).StoredAsync();
        var shop = await Namespaces.CriticalUnderAsync(policy);
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await new Approval(Next).StoredAsync(shop);
        await new Approval(Next).StoredAsync(shop);
        await Senior.WritesApproval(on: Payments, of: Next, by: "senior").In(shop).ShouldBeAdmitted();

        (await Dev.Applies(Next).In(shop).ShouldBeRejected(with: "approval-missing")).Message.Should().Contain("1 of 2 seniors");

        (await Erin.Creates(new Approval(Next)).In(shop)).MustBeAdmitted();
        await Dev.Applies(Next).In(shop).ShouldBeAdmitted();
    }

    [Fact]
    public async Task In_a_namespace_that_nobody_governs_there_is_nothing_to_approve()
    {
        var ordinary = await Namespaces.OrdinaryAsync();

        var answer = await Api.Of("senior").PostAsync(Approval.CollectionIn(ordinary), new Approval(Next).ToJson(ordinary));

        answer.Message.Should().Contain("no policy that accepts ChangeApprovals governs the namespace");
    }

    private static async Task<TestNamespace> ShopAsync()
    {
        var shop = await Namespaces.CriticalAsync();
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        return shop;
    }

    // A group whose members may write ChangeApprovals as far as the API server is concerned.
    private static async Task<string> WritersAsync(bool mayApprove = false)
    {
        var name = $"writers-{Guid.NewGuid():n}"[..16];
        await GrantAsync($"{name}-write", name, "changeapprovals", "create");
        if (mayApprove)
        {
            await GrantAsync($"{name}-approve", name, "changepolicies", "approve");
        }

        return name;
    }

    private static async Task GrantAsync(string role, string group, string resource, string verb)
    {
        const string Rbac = "apis/rbac.authorization.k8s.io/v1";
        (await Api.Of("admin").PostAsync($"{Rbac}/clusterroles", new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = role },
            ["rules"] = new JsonArray(new JsonObject
            {
                ["apiGroups"] = new JsonArray("changeadmission.io"),
                ["resources"] = new JsonArray(resource),
                ["verbs"] = new JsonArray(verb),
            }),
        })).ShouldBeOk();
        (await Api.Of("admin").PostAsync($"{Rbac}/clusterrolebindings", new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = role },
            ["roleRef"] = new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = "ClusterRole", ["name"] = role },
            ["subjects"] = new JsonArray(new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = "Group", ["name"] = group }),
        })).ShouldBeOk();
    }

    private static Task<JsonNode> ReadAsync(TestNamespace ns, Approval approval) => Api.Of("senior").GetAsync(approval.PathIn(ns));
}
