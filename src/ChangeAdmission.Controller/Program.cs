using ChangeAdmission.Controller;

return await ControllerCommand.Create(async (options, ct) =>
{
    var app = ControllerHost.Build(options);
    await using (app.ConfigureAwait(false))
    {
        await app.RunAsync(ct).ConfigureAwait(false);
        return 0;
    }
}).Parse(args).InvokeAsync().ConfigureAwait(false);
