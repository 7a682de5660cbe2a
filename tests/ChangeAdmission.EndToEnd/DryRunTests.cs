namespace ChangeAdmission.EndToEnd;

/// <summary><c>--dry-run=server</c> gives the same verdict and leaves nothing behind.</summary>
public sealed class DryRunTests
{
    private static readonly Manifest Payments = A.Deployment("payments");
    private static readonly Manifest Next = Payments.WithImage("1.1.0").DeclaredAIAssisted();

    [Fact]
    public async Task A_dry_run_of_an_AI_assisted_change_is_rejected_with_the_same_message()
    {
        var shop = await ShopAsync();

        var dry = await Dev.Applies(Next).AsDryRun().In(shop).ShouldBeRejected(with: "approval-missing");
        var real = await Dev.Applies(Next).In(shop).ShouldBeRejected(with: "approval-missing");

        dry.Message.Should().Be(real.Message);
    }

    [Fact]
    public async Task A_dry_run_of_server_side_apply_is_rejected_too()
    {
        var shop = await ShopAsync();

        await Dev.AppliesServerSide(Next).AsDryRun().In(shop).ShouldBeRejected(with: "approval-missing");
    }

    [Fact]
    public async Task A_dry_run_of_a_create_is_rejected_too()
    {
        var shop = await Namespaces.CriticalAsync();

        await Dev.Creates(Next).AsDryRun().In(shop).ShouldBeRejected(with: "approval-missing");
    }

    [Fact]
    public async Task Kubectl_diff_gets_the_verdict()
    {
        var shop = await ShopAsync();

        // It is a server-side dry run of its own.
        await (Dev.Runs("diff", "--filename=-") with { Input = Next.ToJson().ToJsonString() }).In(shop)
            .ShouldBeRejected(with: "approval-missing");
    }

    [Fact]
    public async Task A_dry_run_of_an_approved_change_is_admitted_and_changes_nothing()
    {
        var shop = await ShopAsync();
        await Senior.Approves(Next).In(shop).ShouldBeAdmitted();

        await Dev.Applies(Next).AsDryRun().In(shop).ShouldBeAdmitted();

        (await shop.ImageOfAsync(Payments)).Should().Be(Payments.Image);
    }

    [Fact]
    public async Task A_dry_run_of_a_forged_approval_is_rejected_too()
    {
        var shop = await ShopAsync();

        await Dev.WritesApproval(on: Payments, of: Next, by: "senior").AsDryRun().In(shop).ShouldBeRejected(with: "approval-forged");
    }

    [Fact]
    public async Task A_dry_run_approves_nothing()
    {
        var shop = await ShopAsync();

        await Senior.Approves(Next).AsDryRun().In(shop).ShouldBeAdmitted();

        await Dev.Applies(Next).In(shop).ShouldBeRejected(with: "approval-missing");
    }

    [Fact]
    public async Task A_dry_run_is_counted_as_one_and_leaves_no_Event()
    {
        var shop = await ShopAsync();

        await Dev.Applies(Next).AsDryRun().In(shop).ShouldBeRejected(with: "approval-missing");
        await Dev.Applies(Next.WithImage("1.2.0")).In(shop).ShouldBeRejected(with: "approval-missing");

        // Events leave in the order of the decisions: with the second there, the first would be.
        var rejections = await Eventually.Get("the Event of the real run", async () =>
        {
            var events = await Observed.EventsAsync(shop.Name);
            var rejected = events.Where(e => e["reason"]!.GetValue<string>() == "RolloutRejected").ToList();
            return rejected.Count > 0 ? rejected : null;
        });
        rejections.Should().ContainSingle().Which["message"]!.GetValue<string>()
            .Should().Contain(Next.WithImage("1.2.0").DigestIn(shop).ToString());
        var rejected = (await Observed.DecisionsAsync(shop.Name)).Where(s => s.Labels["decision"] == "rejected");
        rejected.Select(s => (s.Labels["dry_run"], s.Value)).Should().BeEquivalentTo([("true", 1.0), ("false", 1.0)]);
    }

    private static async Task<TestNamespace> ShopAsync()
    {
        var shop = await Namespaces.CriticalAsync();
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        return shop;
    }
}
