"""Referral (流动报到): a county tells another one of its members who lives there, who reports in and is taken on."""
