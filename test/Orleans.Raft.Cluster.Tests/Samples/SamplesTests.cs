using Xunit;

namespace Orleans.Raft.Cluster.Tests.Samples;

public sealed class SamplesTests : IDisposable
{
    private readonly TemporaryDirectory _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task The_replicated_counter_goes_on_where_it_ended()
    {
        Assert.Contains("The silos read 3000, 3000, 3000.", await SampleRun.ToEndAsync("ReplicatedCounter", Arguments()), StringComparison.Ordinal);
        Assert.Contains("The silos read 6001, 6001, 6001.", await SampleRun.ToEndAsync("ReplicatedCounter", Arguments()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_money_appears_or_disappears_when_silos_stop_and_when_the_process_is_killed_in_mid_transfer()
    {
        await SampleRun.KilledAtAsync("BankAccounts", $"{Arguments()} 60 1", "s3 runs again");
        var output = await SampleRun.ToEndAsync("BankAccounts", $"{Arguments()} 0 2");
        Assert.Contains("accounts hold 10000 in all", output, StringComparison.Ordinal);
        Assert.Contains("the accounts hold 10000.", output, StringComparison.Ordinal);
    }

    private string Arguments() => $"\"{_data.Path}\" {SampleRun.FreePorts()}";
}
