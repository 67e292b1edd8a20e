using Orleans.Concurrency;
using Orleans.Transactions.Abstractions;

namespace BankAccounts;

/// <summary>Money of one owner. Its balance is state under Orleans transactions, kept in Raft.</summary>
internal interface IAccount : IGrainWithIntegerKey
{
    /// <summary>Adds an amount, or takes one that is below zero.</summary>
    [Transaction(TransactionOption.CreateOrJoin)]
    Task Add(int amount);

    /// <summary>The balance.</summary>
    [Transaction(TransactionOption.CreateOrJoin)]
    Task<int> Balance();
}

/// <summary>Moves money: both accounts change, or none.</summary>
internal interface ITeller : IGrainWithIntegerKey
{
    /// <summary>Moves an amount from one account to another.</summary>
    [Transaction(TransactionOption.Create)]
    Task Transfer(int from, int to, int amount);
}

/// <summary>All accounts at one moment.</summary>
internal interface IBank : IGrainWithIntegerKey
{
    /// <summary>Opens accounts with money in them, all or none.</summary>
    [Transaction(TransactionOption.Create)]
    Task Open(int accounts, int balance);

    /// <summary>Money in all accounts together.</summary>
    [Transaction(TransactionOption.Create)]
    Task<int> Count(int accounts);
}

/// <summary>State of an account.</summary>
[GenerateSerializer]
[Alias("BankAccounts.Balance")]
internal sealed class AccountBalance
{
    /// <summary>Money in the account.</summary>
    [Id(0)]
    public int Amount { get; set; }
}

/// <inheritdoc cref="IAccount"/>
[Reentrant]
internal sealed class Account([TransactionalState("balance", "raft")] ITransactionalState<AccountBalance> state) : Grain, IAccount
{
    /// <inheritdoc/>
    public Task Add(int amount) => state.PerformUpdate(balance =>
    {
        if (balance.Amount + amount < 0)
        {
            throw new InvalidOperationException($"Account {this.GetPrimaryKeyLong()} has {balance.Amount}; {-amount} can't be taken from it.");
        }

        balance.Amount += amount;
    });

    /// <inheritdoc/>
    public Task<int> Balance() => state.PerformRead(balance => balance.Amount);
}

/// <inheritdoc cref="ITeller"/>
[StatelessWorker]
internal sealed class Teller : Grain, ITeller
{
    /// <inheritdoc/>
    public async Task Transfer(int from, int to, int amount)
    {
        // Always the lower account first, or two transfers in opposite directions would wait for each other until their locks time out.
        await GrainFactory.GetGrain<IAccount>(Math.Min(from, to)).Add(from < to ? -amount : amount);
        await GrainFactory.GetGrain<IAccount>(Math.Max(from, to)).Add(from < to ? amount : -amount);
    }
}

/// <inheritdoc cref="IBank"/>
[StatelessWorker]
internal sealed class Bank : Grain, IBank
{
    /// <inheritdoc/>
    public async Task Open(int accounts, int balance)
    {
        for (var account = 0; account < accounts; account++)
        {
            await GrainFactory.GetGrain<IAccount>(account).Add(balance);
        }
    }

    /// <inheritdoc/>
    public async Task<int> Count(int accounts)
    {
        var sum = 0;
        for (var account = 0; account < accounts; account++)
        {
            sum += await GrainFactory.GetGrain<IAccount>(account).Balance();
        }

        return sum;
    }
}
