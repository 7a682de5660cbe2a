namespace ChangeAdmission.EndToEnd;

/// <summary>How a change came to be decides: the mission's rule, as the developer <c>dev</c> meets it.</summary>
public sealed class ProvenanceTests
{
    private static readonly Manifest Payments = A.Deployment("payments");

    [Fact]
    public async Task An_AI_assisted_image_change_is_forbidden_with_the_message_of_the_contract()
    {
        var shop = await Namespaces.CriticalAsync();
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        var change = Payments.WithImage("1.1.0").DeclaredAIAssisted();

        var verdict = await Dev.Applies(change).In(shop).ShouldBeRejected(with: "approval-missing");

        var digest = change.DigestIn(shop);
        verdict.Kubectl.Error.Should().StartWith("Error from server (Forbidden): ");
        verdict.Message.Should().Be(
            $"""
            Deployment {shop}/payments was not rolled out by policy "critical":
             - approval-missing: this change is AI-assisted and no senior has approved it
               next: a senior runs  kubectl annotate deployment/payments -n {shop} --overwrite changeadmission.io/senior-approval={digest}/USERNAME
            change {digest} requested by dev
            """);
    }

    [Fact]
    public async Task A_rejected_change_leaves_the_object_as_it_was()
    {
        var shop = await Namespaces.CriticalAsync();
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        var before = await shop.SettledAsync(Payments);

        await Dev.Applies(Payments.WithImage("1.1.0").DeclaredAIAssisted()).In(shop).ShouldBeRejected(with: "approval-missing");

        var after = await shop.ReadAsync(Payments);
        after["spec"]!.ToJsonString().Should().Be(before["spec"]!.ToJsonString());
        after["metadata"]!["generation"]!.ToJsonString().Should().Be(before["metadata"]!["generation"]!.ToJsonString());
        after["metadata"]!["annotations"]!.ToJsonString().Should().Be(before["metadata"]!["annotations"]!.ToJsonString());
    }

    [Theory]
    [InlineData("claude-code")]
    [InlineData("yes")]
    [InlineData("False")] // only exactly "false" says no
    [InlineData("0")]
    public async Task Any_other_value_of_the_declaration_says_AI_assisted(string value)
    {
        var shop = await Namespaces.CriticalAsync();
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();

        await Dev.Applies(Payments.WithImage("1.1.0").DeclaredAIAssisted(value)).In(shop).ShouldBeRejected(with: "approval-missing");
    }

    [Theory]
    [InlineData("false")]
    [InlineData("")]
    public async Task A_change_that_says_it_is_not_AI_assisted_is_admitted(string value)
    {
        var shop = await Namespaces.CriticalAsync();
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        var change = Payments.WithImage("1.1.0").DeclaredAIAssisted(value);

        await Dev.Applies(change).In(shop).ShouldBeAdmitted();

        (await shop.ImageOfAsync(Payments)).Should().Be(change.Image);
    }

    [Fact]
    public async Task The_declaration_counts_on_the_template_too()
    {
        var shop = await Namespaces.CriticalAsync();
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        var change = Payments.WithImage("1.1.0").AnnotatedOnTemplate(WellKnown.AIAssisted, "true");

        await Dev.Applies(change).In(shop).ShouldBeRejected(with: "approval-missing");
    }

    [Fact]
    public async Task Two_declarations_that_disagree_say_AI_assisted()
    {
        var shop = await Namespaces.CriticalAsync();
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        var change = Payments.WithImage("1.1.0").DeclaredHuman().AnnotatedOnTemplate(WellKnown.AIAssisted, "true");

        await Dev.Applies(change).In(shop).ShouldBeRejected(with: "approval-missing");
    }

    [Fact]
    public async Task The_declaration_on_the_old_object_is_no_evidence()
    {
        var shop = await Namespaces.CriticalAsync();
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await Dev.Annotates(Payments, WellKnown.AIAssisted, "true").In(shop).ShouldBeAdmitted();

        await Dev.SetsImage(Payments.WithImage("1.1.0")).In(shop).ShouldBeRejected(with: "approval-missing");
        await Dev.Replaces(Payments.WithImage("1.2.0")).In(shop).ShouldBeAdmitted();
    }

    [Fact]
    public async Task Creating_an_AI_assisted_workload_is_a_rollout()
    {
        var shop = await Namespaces.CriticalAsync();

        var verdict = await Dev.Applies(Payments.DeclaredAIAssisted()).In(shop).ShouldBeRejected(with: "approval-missing");

        verdict.Message.Should().Contain("next: a senior creates a ChangeApproval in namespace");
        (await shop.HasAsync(Payments)).Should().BeFalse();
    }

    [Fact]
    public async Task A_generated_name_cannot_be_approved_beforehand_and_the_rejection_says_so()
    {
        var shop = await Namespaces.CriticalAsync();
        var manifest = Payments.DeclaredAIAssisted().ToJson();
        manifest["metadata"]!.AsObject().Remove("name");
        manifest["metadata"]!["generateName"] = "payments-";

        var answer = await Api.Of("dev").PostAsync(Payments.CollectionIn(shop), manifest);

        answer.ShouldBeForbidden(with: "approval-missing").Message.Should().Contain("give the workload a name of its own");
    }

    [Fact]
    public async Task Deleting_and_creating_again_is_no_way_around()
    {
        var shop = await Namespaces.CriticalAsync();
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await Dev.Applies(Payments.WithImage("1.1.0").DeclaredAIAssisted()).In(shop).ShouldBeRejected(with: "approval-missing");

        await Dev.Deletes(Payments).In(shop).ShouldBeAdmitted();
        await Eventually.Holds("the Deployment to be gone", async () => !await shop.HasAsync(Payments));

        await Dev.Creates(Payments.WithImage("1.1.0").DeclaredAIAssisted()).In(shop).ShouldBeRejected(with: "approval-missing");
        (await shop.HasAsync(Payments)).Should().BeFalse();
    }

    [Fact]
    public async Task A_namespace_that_is_not_critical_is_left_alone()
    {
        var playground = await Namespaces.OrdinaryAsync();
        await Dev.Applies(Payments.DeclaredAIAssisted()).In(playground).ShouldBeAdmitted();

        await Dev.Applies(Payments.WithImage("1.1.0").DeclaredAIAssisted()).In(playground).ShouldBeAdmitted();

        (await Observed.DecisionsAsync(playground.Name)).Should().BeEmpty();
    }

    [Fact]
    public async Task A_robot_is_judged_like_anybody()
    {
        var shop = await Namespaces.CriticalAsync();
        await Robot.AppliesServerSide(Payments).In(shop).ShouldBeAdmitted();

        await Robot.AppliesServerSide(Payments.WithImage("1.1.0").DeclaredAIAssisted()).In(shop)
            .ShouldBeRejected(with: "approval-missing");
    }

    [Fact]
    public async Task An_administrator_is_judged_like_anybody()
    {
        var shop = await Namespaces.CriticalAsync();
        await Admin.Applies(Payments).In(shop).ShouldBeAdmitted();

        await Admin.Applies(Payments.WithImage("1.1.0").DeclaredAIAssisted()).In(shop).ShouldBeRejected(with: "approval-missing");
    }

    [Fact]
    public async Task Taking_the_mark_away_after_a_rejection_changes_nothing()
    {
        var shop = await Namespaces.CriticalAsync();
        var payments = A.Deployment("payments");
        var next = payments.WithImage("1.1.0");
        await Dev.Applies(payments).In(shop).ShouldBeAdmitted();
        await Dev.Applies(next.DeclaredAIAssisted()).AsDryRun().In(shop).ShouldBeRejected(with: "approval-missing");
        await Dev.Applies(next.DeclaredHuman()).AsDryRun().In(shop).ShouldBeAdmitted();

        await Dev.Applies(next.DeclaredAIAssisted()).In(shop).ShouldBeRejected(with: "approval-missing");

        foreach (var relabelled in new[] { next.DeclaredHuman(), next, next.DeclaredHuman().AnnotatedOnTemplate("example.com/touched", "yes") })
        {
            (await Dev.Applies(relabelled).In(shop).ShouldBeRejected(with: "approval-missing")).Message.Should().Contain("was presented as AI-assisted at ");
        }

        await Dev.Patches(payments, "strategic", """{"spec":{"template":{"spec":{"containers":[{"name":"app","image":"registry.example.com/payments:1.1.0","env":[{"name":"X","value":"1"}]}]}}}}""")
            .In(shop).ShouldBeRejected(with: "approval-missing");
        await Dev.Applies(payments.WithImage("1.2.0").DeclaredHuman()).In(shop).ShouldBeAdmitted();
    }

    [Fact]
    public async Task A_dry_run_can_be_let_off_with_a_warning_so_that_diffs_work()
    {
        var shop = await Namespaces.CriticalUnderAsync(await A.Policy().With("dryRun", "Warn").StoredAsync());
        var assisted = A.Deployment("payments").DeclaredAIAssisted();

        var diff = await Dev.Applies(assisted).AsDryRun().In(shop).ShouldBeAdmitted();

        diff.Warnings.Should().ContainSingle().Which.Should().Contain("would reject: approval-missing");
        await Dev.Applies(assisted).In(shop).ShouldBeRejected(with: "approval-missing");
    }
}
