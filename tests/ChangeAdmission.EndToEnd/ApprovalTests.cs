namespace ChangeAdmission.EndToEnd;

/// <summary>An approval is a senior's yes to exactly one change, and nobody else can write it.</summary>
public sealed class ApprovalTests
{
    private static readonly Manifest Payments = A.Deployment("payments");
    private static readonly Manifest Next = Payments.WithImage("1.1.0").DeclaredAIAssisted();

    [Fact]
    public async Task What_a_senior_approved_exactly_that_a_developer_may_roll_out()
    {
        var shop = await ShopAsync();
        await Dev.Applies(Next).In(shop).ShouldBeRejected(with: "approval-missing");

        await Senior.Approves(Next).In(shop).ShouldBeAdmitted();
        await Dev.Applies(Next).In(shop).ShouldBeAdmitted();

        (await shop.ImageOfAsync(Payments)).Should().Be(Next.Image);
    }

    [Fact]
    public async Task The_command_that_the_rejection_prints_is_the_approval()
    {
        var shop = await ShopAsync();
        var rejection = await Dev.AppliesServerSide(Next).In(shop).ShouldBeRejected(with: "approval-missing");
        var printed = rejection.Message.Split('\n').Single(line => line.Contains("next: ", StringComparison.Ordinal));
        var command = printed[(printed.IndexOf("kubectl ", StringComparison.Ordinal) + "kubectl ".Length)..];

        await Senior.Runs(command.Replace("USERNAME", "senior", StringComparison.Ordinal).Split(' ')).In(shop).ShouldBeAdmitted();

        await Dev.AppliesServerSide(Next).In(shop).ShouldBeAdmitted();
    }

    [Fact]
    public async Task The_robot_that_applies_from_Git_may_roll_out_what_was_approved()
    {
        var shop = await ShopAsync();
        await Senior.Approves(Next).In(shop).ShouldBeAdmitted();

        await Robot.AppliesServerSide(Next).In(shop).ShouldBeAdmitted();
    }

    [Fact]
    public async Task An_approval_may_be_written_before_anybody_tried()
    {
        var shop = await ShopAsync();

        await Senior.Approves(Next).In(shop).ShouldBeAdmitted();

        await Dev.SetsImage(Next).In(shop).ShouldBeAdmitted();
    }

    [Theory]
    [InlineData("dev")]
    [InlineData("robot")]
    public async Task Nobody_else_can_write_an_approval_in_the_seniors_name(string who)
    {
        var shop = await ShopAsync();

        await new User(who).WritesApproval(on: Payments, of: Next, by: "senior").In(shop).ShouldBeRejected(with: "approval-forged");

        (await shop.AnnotationOfAsync(Payments, WellKnown.SeniorApproval)).Should().BeNull();
    }

    [Theory]
    [InlineData("dev")]
    [InlineData("robot")]
    public async Task Who_may_not_approve_cannot_approve_in_the_own_name(string who)
    {
        var shop = await ShopAsync();

        await new User(who).Approves(Next).In(shop).ShouldBeRejected(with: "approval-forged");
    }

    [Fact]
    public async Task A_forged_approval_in_the_same_apply_as_the_change_is_rejected()
    {
        var shop = await ShopAsync();
        var forged = Next.Annotated(WellKnown.SeniorApproval, Next.ApprovalIn(shop, by: "senior"));

        await Dev.Applies(forged).In(shop).ShouldBeRejected("approval-missing", "approval-forged");
    }

    [Fact]
    public async Task A_forged_approval_cannot_be_brought_in_by_creating_the_workload()
    {
        var shop = await Namespaces.CriticalAsync();
        var forged = Payments.DeclaredHuman().Annotated(WellKnown.SeniorApproval, Next.ApprovalIn(shop, by: "senior"));

        await Dev.Applies(forged).In(shop).ShouldBeRejected(with: "approval-forged");
    }

    [Theory]
    [InlineData("dev")]
    [InlineData("robot")]
    public async Task Altering_a_seniors_approval_is_forging_one(string who)
    {
        var shop = await ShopAsync();
        await Senior.Approves(Next).In(shop).ShouldBeAdmitted();
        var other = Next.WithImage("6.6.6");

        await new User(who).WritesApproval(on: Payments, of: other, by: "senior").In(shop).ShouldBeRejected(with: "approval-forged");

        (await shop.AnnotationOfAsync(Payments, WellKnown.SeniorApproval)).Should().Be(Next.ApprovalIn(shop, by: "senior"));
    }

    [Theory]
    [InlineData("dev")]
    [InlineData("robot")]
    [InlineData("senior")]
    public async Task Anybody_may_remove_an_approval(string who)
    {
        var shop = await ShopAsync();
        await Senior.Approves(Next).In(shop).ShouldBeAdmitted();

        await new User(who).RemovesAnnotation(Payments, WellKnown.SeniorApproval).In(shop).ShouldBeAdmitted();

        await Dev.Applies(Next).In(shop).ShouldBeRejected(with: "approval-missing");
    }

    [Fact]
    public async Task A_removed_approval_cannot_be_put_back_by_anybody_else()
    {
        // No ReplicaSet may carry it, or an undo could have brought it back: so nobody makes one.
        var shop = await Namespaces.CriticalUnderAsync(await A.Policy().With("workloads", Kinds("StatefulSet")).StoredAsync());
        var database = A.StatefulSet("database");
        var next = database.WithImage("1.1.0").DeclaredAIAssisted();
        await Dev.Applies(database).In(shop).ShouldBeAdmitted();
        await Senior.WritesApproval(on: database, of: next, by: "senior").In(shop).ShouldBeAdmitted();
        await Dev.RemovesAnnotation(database, WellKnown.SeniorApproval).In(shop).ShouldBeAdmitted();

        await Dev.WritesApproval(on: database, of: next, by: "senior").In(shop).ShouldBeRejected(with: "approval-forged");
    }

    [Fact]
    public async Task A_senior_cannot_approve_in_somebody_elses_name()
    {
        var shop = await ShopAsync();

        await Senior.WritesApproval(on: Payments, of: Next, by: "erin").In(shop).ShouldBeRejected(with: "approval-forged");
    }

    [Fact]
    public async Task A_service_account_cannot_approve_whatever_its_rights()
    {
        var shop = await ShopAsync();
        var account = $"system:serviceaccount:{shop}:default";

        await Admin.As(account, "system:masters").Approves(Next).In(shop).ShouldBeRejected(with: "approval-forged");
    }

    [Fact]
    public async Task One_byte_more_is_another_change()
    {
        var shop = await ShopAsync();
        await Senior.Approves(Next).In(shop).ShouldBeAdmitted();

        var verdict = await Dev.Applies(Next.WithImage("1.1.01")).In(shop).ShouldBeRejected(with: "approval-invalid");

        verdict.Message.Should().Contain($"\"senior\" approved {Next.DigestIn(shop).Short}, which is another change");
    }

    [Fact]
    public async Task An_approval_does_not_serve_the_next_change()
    {
        var shop = await ShopAsync();
        await Senior.Approves(Next).In(shop).ShouldBeAdmitted();
        await Dev.Applies(Next).In(shop).ShouldBeAdmitted();

        await Dev.Applies(Next.WithImage("1.2.0")).In(shop).ShouldBeRejected(with: "approval-invalid");
    }

    [Fact]
    public async Task An_approval_does_not_serve_another_workload()
    {
        var shop = await ShopAsync();
        var twin = Payments.Named("payments-twin");
        await Dev.Applies(twin).In(shop).ShouldBeAdmitted();

        // The senior approves a change of payments, and by mistake writes it on the twin, whose template is the same.
        await Senior.WritesApproval(on: twin, of: Next, by: "senior").In(shop).ShouldBeAdmitted();

        await Dev.Applies(Next.Named(twin.Name)).In(shop).ShouldBeRejected(with: "approval-invalid");
    }

    [Fact]
    public async Task An_approval_does_not_serve_another_namespace()
    {
        var shop = await ShopAsync();
        var bank = await ShopAsync();
        await Senior.Annotates(Payments, WellKnown.SeniorApproval, Next.ApprovalIn(shop, by: "senior")).In(bank).ShouldBeAdmitted();

        await Dev.Applies(Next).In(bank).ShouldBeRejected(with: "approval-invalid");
    }

    [Fact]
    public async Task Who_approves_and_applies_alone_meets_four_eyes()
    {
        var shop = await ShopAsync();
        await Senior.Approves(Next).In(shop).ShouldBeAdmitted();

        await Senior.Applies(Next).In(shop).ShouldBeRejected(with: "self-approval");
    }

    [Fact]
    public async Task Who_approves_in_the_very_apply_meets_four_eyes()
    {
        var shop = await ShopAsync();

        await Senior.Applies(Next.Annotated(WellKnown.SeniorApproval, Next.ApprovalIn(shop, by: "senior"))).In(shop)
            .ShouldBeRejected(with: "self-approval");
    }

    [Fact]
    public async Task The_author_cannot_approve_what_somebody_else_applies()
    {
        var shop = await ShopAsync();
        await Senior.Approves(Next).In(shop).ShouldBeAdmitted();

        await Robot.AppliesServerSide(Next.WrittenBy("senior")).In(shop).ShouldBeRejected(with: "self-approval");
    }

    [Fact]
    public async Task A_policy_may_allow_to_approve_the_own_change()
    {
        var trusting = await A.Policy().With("approval.allowSelfApproval", true).StoredAsync();
        var shop = await Namespaces.CriticalUnderAsync(trusting);
        await Senior.Applies(Payments).In(shop).ShouldBeAdmitted();
        await Senior.Approves(Next).In(shop).ShouldBeAdmitted();

        await Senior.Applies(Next).In(shop).ShouldBeAdmitted();
    }

    [Fact]
    public async Task A_policy_may_want_two_approvers()
    {
        var strict = await A.Policy().With("approval.count", 2).StoredAsync();
        var shop = await Namespaces.CriticalUnderAsync(strict);
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await Senior.Approves(Next).In(shop).ShouldBeAdmitted();
        var half = await Dev.Applies(Next).In(shop).ShouldBeRejected(with: "approval-missing");
        half.Message.Should().Contain("1 of 2 seniors have approved it");

        var both = $"{Next.ApprovalIn(shop, by: "senior")},{Next.ApprovalIn(shop, by: "erin")}";
        await Erin.Annotates(Payments, WellKnown.SeniorApproval, both).In(shop).ShouldBeAdmitted();

        await Dev.Applies(Next).In(shop).ShouldBeAdmitted();
    }

    [Fact]
    public async Task The_same_approver_twice_is_one_approver()
    {
        var strict = await A.Policy().With("approval.count", 2).StoredAsync();
        var shop = await Namespaces.CriticalUnderAsync(strict);
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        var approval = Next.ApprovalIn(shop, by: "senior");

        await Senior.Annotates(Payments, WellKnown.SeniorApproval, $"{approval}, {approval}").In(shop).ShouldBeAdmitted();

        await Dev.Applies(Next).In(shop).ShouldBeRejected(with: "approval-missing");
    }

    [Fact]
    public async Task A_policy_may_want_to_know_the_author()
    {
        var gitOps = await A.Policy().With("approval.requireAuthor", true).StoredAsync();
        var shop = await Namespaces.CriticalUnderAsync(gitOps);
        await Robot.AppliesServerSide(Payments).In(shop).ShouldBeAdmitted();
        await Senior.Approves(Next).In(shop).ShouldBeAdmitted();

        await Robot.AppliesServerSide(Next).In(shop).ShouldBeRejected(with: "self-approval");
        await Robot.AppliesServerSide(Next.WrittenBy("dev")).In(shop).ShouldBeAdmitted();
    }

    [Fact]
    public async Task A_value_that_an_undo_brings_back_is_no_forged_approval()
    {
        var shop = await ShopAsync();
        await Senior.Approves(Next).In(shop).ShouldBeAdmitted();
        await Dev.Applies(Next).In(shop).ShouldBeAdmitted();
        await shop.SettledAsync(Payments);
        await Dev.RemovesAnnotation(Payments, WellKnown.SeniorApproval).In(shop).ShouldBeAdmitted();
        await Dev.Applies(Next.WithImage("1.2.0").DeclaredHuman()).In(shop).ShouldBeAdmitted();
        await shop.SettledAsync(Payments);
        await ShouldCarryAsync(shop, Next.ApprovalIn(shop, by: "senior"));

        await Dev.Undoes(Payments).In(shop).ShouldBeAdmitted();

        (await shop.ImageOfAsync(Payments)).Should().Be(Next.Image);
        (await shop.AnnotationOfAsync(Payments, WellKnown.SeniorApproval)).Should().Be(Next.ApprovalIn(shop, by: "senior"));
    }

    [Theory]
    [InlineData("yes")]
    [InlineData("sha256:0123/senior")]
    public async Task A_value_that_is_no_approval_is_told_when_it_is_written(string value)
    {
        var shop = await ShopAsync();

        await Senior.Annotates(Payments, WellKnown.SeniorApproval, value).In(shop).ShouldBeRejected(with: "approval-invalid");
    }

    [Fact]
    public async Task More_values_than_anybody_needs_are_not_read()
    {
        var shop = await ShopAsync();
        var nine = string.Join(',', Enumerable.Range(0, 9).Select(i => Next.WithImage($"2.{i}.0").ApprovalIn(shop, by: "senior")));

        await Senior.Annotates(Payments, WellKnown.SeniorApproval, nine).In(shop).ShouldBeRejected(with: "invalid");
    }

    // Otherwise the undo would bring nothing back, and the test would show nothing.
    private static async Task ShouldCarryAsync(TestNamespace shop, string approval)
    {
        var sets = await Api.Of("admin").GetAsync($"apis/apps/v1/namespaces/{shop}/replicasets");
        sets["items"]!.AsArray().Select(set => set!["metadata"]!["annotations"]?[WellKnown.SeniorApproval]?.GetValue<string>())
            .Should().Contain(approval);
    }

    private static System.Text.Json.Nodes.JsonArray Kinds(params string[] kinds) => [.. kinds];

    private static async Task<TestNamespace> ShopAsync()
    {
        var shop = await Namespaces.CriticalAsync();
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        return shop;
    }
}
