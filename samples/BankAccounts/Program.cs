using System.Diagnostics;
using BankAccounts;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Samples;

// Transfers between accounts on three silos, one of which stops and starts all the while. Whatever happens, no money appears or disappears.
//   dotnet run --project samples/BankAccounts [-- DATA [FIRST-PORT [SECONDS [SEED]]]]
// Kill it at any moment and start it again: the sum is counted first.
const int Accounts = 10;
const int OpeningBalance = 1000;
const int Clerks = 8;
var data = args.Length > 0 ? args[0] : "bank-data";
var port = args.Length > 1 ? int.Parse(args[1]) : 13111;
var seconds = args.Length > 2 ? int.Parse(args[2]) : 20;
var seed = args.Length > 3 ? int.Parse(args[3]) : Environment.TickCount;

await using var silos = new ThreeSilos(data, port, silo =>
{
    silo.UseTransactions();

    // A silo that stops takes the locks of its accounts with it; the others need not wait long for them.
    silo.Configure<TransactionalStateOptions>(options =>
    {
        options.LockTimeout = TimeSpan.FromSeconds(1);
        options.LockAcquireTimeout = TimeSpan.FromSeconds(2);
        options.PrepareTimeout = TimeSpan.FromSeconds(2);
        options.RemoteTransactionPingFrequency = TimeSpan.FromSeconds(2);
    });
    silo.AddRaftGrainStorage("raft");
});
Console.WriteLine($"Starting {string.Join(", ", ThreeSilos.Names)} on ports from {port}; data in {Path.GetFullPath(data)}; seed {seed}.");
await silos.StartAsync();
await OpenAccountsAsync();
Console.WriteLine($"{Accounts} accounts hold {await CountAsync()} in all.");

var clock = Stopwatch.StartNew();
var (done, refused, unknown) = (0, 0, 0);
var clerks = Task.WhenAll(Enumerable.Range(0, Clerks).Select(WorkAsync));
var random = new Random(seed);
while (clock.Elapsed.TotalSeconds < seconds)
{
    // The first two silos run the transfers' calls here; a client outside would not care which silo it talks to.
    await silos.StopAsync(2);
    Console.WriteLine($"{clock.Elapsed.TotalSeconds,4:f0} s: s3 has stopped; {done} transfers done");
    await Task.Delay(random.Next(1000, 2000));
    await silos.StartAsync(2);
    Console.WriteLine($"{clock.Elapsed.TotalSeconds,4:f0} s: s3 runs again; {done} transfers done");
    await Task.Delay(random.Next(1000, 2000));
}

await clerks;
var sum = await CountAsync();
Console.WriteLine($"{done} transfers done, {refused} refused or aborted, {unknown} with an unknown outcome; the accounts hold {sum}.");
return sum == Accounts * OpeningBalance ? 0 : 1;

IGrainFactory Grains(int silo) => silos[silo].GetRequiredService<IGrainFactory>();

// An account that was opened in an earlier run has something, or its money is elsewhere: only the sum tells.
async Task OpenAccountsAsync()
{
    if (await CountAsync() == 0)
    {
        var teller = Grains(0).GetGrain<IBank>(0);
        await RepeatAsync(() => teller.Open(Accounts, OpeningBalance));
    }
}

async Task<int> CountAsync()
{
    var sum = 0;
    await RepeatAsync(async () => sum = await Grains(0).GetGrain<IBank>(0).Count(Accounts));
    return sum;
}

async Task WorkAsync(int clerk)
{
    var choice = new Random(seed + clerk);
    while (clock.Elapsed.TotalSeconds < seconds)
    {
        var from = choice.Next(Accounts);
        try
        {
            await Grains(clerk % 2).GetGrain<ITeller>(clerk).Transfer(from, (from + 1 + choice.Next(Accounts - 1)) % Accounts, choice.Next(1, 500));
            Interlocked.Increment(ref done);
        }
        catch (Orleans.Transactions.OrleansTransactionInDoubtException)
        {
            Interlocked.Increment(ref unknown);
        }
        catch (OrleansException)
        {
            // Too little money, a conflict with another transfer, or a silo that went away.
            Interlocked.Increment(ref refused);
        }
        catch (TimeoutException)
        {
            Interlocked.Increment(ref unknown);
        }
    }
}

// Counting is a transaction too, so it may have to give way to a transfer, or wait for a silo.
async Task RepeatAsync(Func<Task> action)
{
    for (var attempt = 1; ; attempt++)
    {
        try
        {
            await action();
            return;
        }
        catch (Exception exception) when (exception is OrleansException or TimeoutException && attempt < 20)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100 * attempt));
        }
    }
}
